"""OAuth for ``/mcp``: assistants on the web are given what one of a person's access tokens opens, without the token.

The protocol is that of the MCP library: its handlers check requests, its models are what is described. ``routes`` are
all of it, ``clients`` are who asks, ``grants`` what was given. What does not belong here: what a token opens
(``doors.tokens``), what every request passes before (``doors.guards``).
"""
