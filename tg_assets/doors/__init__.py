"""Doors: how people, programs and assistants from outside get at answers.

Each door opens an archive for whoever knocks and asks ``tg_assets.answers``; none has logic of its own about what may
be seen. What does not belong here: answers themselves, the command line.
"""
