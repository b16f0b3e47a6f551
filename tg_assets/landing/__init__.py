"""Raw messages into the database, and what is known of a chat.

``rows`` lands messages, from whatever door, newest state wins; ``facts`` are what was said of messages apart from them
(deletions, reactions, files); ``turns`` lets one at a time land in a chat; ``posts`` parses messages; ``coverage`` and
``holes`` say which ids are known; ``grouping`` finds albums; ``forgetting`` takes chats out that must not be there.
What does not belong here: where messages come from, what is made of posts.
"""
