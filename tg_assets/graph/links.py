"""Which links of a post are web pages: what a browser, or Telegram itself, can open.

A post's ``urls`` keep whatever was marked as a link, by people, programs and exports of any origin. What does not
belong here: finding links in text.
"""

import re
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "tg")
# Longer ones are no addresses (https://www.rfc-editor.org/rfc/rfc9110#section-4.1 asks for 8,000), and no index key.
LONGEST = 4000
# Telegram marks names of hosts without a scheme, too, and opens them by HTTP.
_BARE = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d{1,5})?(?:[/?#].*)?", re.S)
_BROKEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def web_page(link: object) -> str | None:
    """The address of a web page, with its scheme; None for anything else."""
    if not isinstance(link, str) or len(link) > LONGEST:
        return None
    url = link.strip()
    if _BROKEN.search(url):
        return None
    if _BARE.fullmatch(url):
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # brackets, or a port that is no number
        return None
    named = host is not None and re.search(r"\w", host) is not None and not host.startswith(".")
    return url if parts.scheme in SCHEMES and named else None
