"""What Dagster launches that is no asset: jobs that follow live traffic or an account, and schedules."""
