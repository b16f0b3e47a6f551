"""Of which cluster a database is, in SQL: numbers of transactions are a cluster's own, and a dump brings them along."""

HERE = "(SELECT system_identifier FROM pg_control_system())"
