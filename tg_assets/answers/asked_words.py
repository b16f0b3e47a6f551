"""What people type and how the graph keeps it: names of tags, topics and things, addresses of pages, numbers.

What does not belong here: what is looked up (``asked_names``).
"""

import re
from typing import Any

from tg_assets.errors import TgAssetsError
from tg_assets.graph.links import web_page
from tg_assets.tagging.tags import normal


def names(said: str) -> list[str]:
    """The forms in which a name may be kept: hashtags and topics in lower case, others folded."""
    return sorted({said.strip().lower(), normal(said)})


def tags(said: Any) -> list[dict[str, Any]]:
    """Each name under which a tag may be kept, with the number of the tag."""
    several = said.split(",") if isinstance(said, str) else [str(one) for one in said]
    given = [name for one in several if (name := one.strip().lstrip("#"))]
    if not given:
        raise TgAssetsError("tags needs at least one tag, for example 'sea, ice'.")
    return [{"said": number, "name": kept} for number, name in enumerate(given) for kept in names(name)]


def pages(said: str) -> list[str]:
    """The addresses that are meant: with or without scheme, ``www.`` and a slash at the end."""
    page = web_page(said)
    if page is None:
        raise TgAssetsError(f"page={said!r} is no address of a web page, such as https://example.org/report.")
    scheme, _, rest = page.partition("://")
    bare = rest.removeprefix("www.").rstrip("/")
    schemes = ("http", "https") if scheme.lower() in ("http", "https") else (scheme,)
    hosts = (bare, f"www.{bare}") if len(schemes) > 1 else (bare,)
    return sorted({page, *(f"{one}://{host}{end}" for one in schemes for host in hosts for end in ("", "/"))})


def number(name: str, said: Any) -> int:
    if not re.fullmatch(r"-?\d{1,18}", str(said).strip()):
        raise TgAssetsError(f"{name}={said!r} is not a whole number.")
    return int(said)
