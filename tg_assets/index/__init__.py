"""Text for the vector index: what is embedded, sparse vectors, fusion of rankings, snippets.

Pure functions over strings and numbers: no Dagster, no Qdrant client, no database.
"""
