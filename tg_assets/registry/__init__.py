"""Which tenants, feeds and chats there are."""
