"""Units of conversations: which messages belong together, as SQL over ``messages``, and rows of ``conversations``.

A short line says little alone («да, завтра»), so the index has points of units besides those of lines. There are two
kinds, of groups, topics of forums and direct messages alone; a channel's posts speak for themselves, and what is said
under them is a group's. ``windows`` and ``threads`` have the rules, ``rows`` writes the table, whose rows list messages
by id and have no words.

A unit is a function of the messages that are there, so the order in which they came, and how often, changes nothing.
What does not belong here: points, search, Dagster.
"""
