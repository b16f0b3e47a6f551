"""Language, lemmas and tags of a message's text. No Dagster, no network, no database.

Models come from wheels and are loaded on first use, once per process, safely from several threads.
"""
