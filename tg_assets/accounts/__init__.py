"""Accounts that read Telegram: their sessions, encrypted at rest, and the flood budget that their processes share."""
