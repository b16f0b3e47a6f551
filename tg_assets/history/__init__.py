"""Telegram's history: which chats an account can read, walking them page by page, and landing what was read."""
