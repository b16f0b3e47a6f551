"""Sensors: thin, each with a time budget, around helpers that can be tested without Dagster."""
