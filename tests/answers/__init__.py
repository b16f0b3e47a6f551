"""The answers library: plain functions over an archive."""
