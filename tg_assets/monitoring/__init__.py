"""The page of metrics, what was counted and what is measured when it is asked for, and the dashboards that show it.

What does not belong here: counting (``metrics``), what people look at in a terminal (``cli.watch``).
"""
