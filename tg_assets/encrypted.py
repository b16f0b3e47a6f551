"""Which servers show certificates: those that they are checked against take a tenth of a second to read.

What does not belong here: addresses that may be asked (``saved.addresses``).
"""


def shows_certificate(url: str) -> bool:
    """Whether a server has to show who it is: always but by plain HTTP, however the address is written."""
    return not url.strip().lower().startswith("http:")
