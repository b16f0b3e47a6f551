"""What is counted: the list of metrics, and how work is counted in the transaction that did it.

Values in, statements out. What does not belong here: what is measured only when it is asked for, and the page that
shows it all (``monitoring``).
"""
