"""Lines of logs of all our processes: how they look, who writes them so, how large their files become.

What does not belong here: what is logged, and what a command tells a person.
"""
