"""The page of metrics: what was counted, and what is measured when it is asked for.

What does not belong here: counting (``metrics``), what people look at (``cli.watch``).
"""
