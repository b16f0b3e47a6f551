"""Answers: what people, programs and assistants ask of an archive, as plain functions with typed results.

Doors (the command line and others) are thin over it. Every function takes an ``Archive``, which binds the tenant, the
owner accounts and the feeds once; no argument of a call can name others. What does not belong here: how answers are
shown, making what is asked.
"""
