"""Events of the Redis streams: what comes in from producers, and what is told to those who follow.

``streams`` has the table of streams and the one encoding; the models are one module per subject; ``post_row``
makes a row of ``posts`` of an event, ``from_export`` an event of an exported message. Importing a module here
talks to no server. What does not belong here: reading or writing a stream (``tg_assets.live``).
"""
