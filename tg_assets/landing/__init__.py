"""Raw messages into the database, and what is known of a chat: facts, coverage, holes."""
