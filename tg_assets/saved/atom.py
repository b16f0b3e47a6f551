"""The feed of a saved question, as Atom 1.0 (RFC 4287): an entry for each match, the newest first.

Ids and times of entries never change. Strangers' text is text only, with characters that hide or reorder it shown by
their names, and without those that no XML may have. What does not belong here: HTTP, which matches there are.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5
from xml.etree import ElementTree as Xml

from tg_assets.answers.shown import one_line, shown
from tg_assets.saved.matches import Match, Question

KIND = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
TITLE, TEXT = 100, 4000
# What no XML 1.0 may have, however it is written (https://www.w3.org/TR/xml/#charsets).
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(question: Question, matches: Sequence[Match], base: str, own: str) -> bytes:
    """The document; ``base`` is the page's address with a slash, ``own`` the feed's, with its key if that was used."""
    root = Xml.Element("feed", xmlns=NAMESPACE)
    _said(root, "id", f"urn:uuid:{question.id}")
    _said(root, "title", one_line(question.name, TITLE))
    _said(root, "updated", _time(max([question.made_at, *(one.found_at for one in matches)])))
    _said(_child(root, "author"), "name", "tg-assets")
    _child(root, "link", rel="self", type=KIND, href=own)
    _child(root, "link", rel="alternate", type="text/html", href=f"{base}?view=saved")
    _said(root, "generator", "tg-assets")
    for one in matches:
        _entry(_child(root, "entry"), question.id, one, base)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(entry: Xml.Element, saved: UUID, one: Match, base: str) -> None:
    page = f"{base}?m={one.message}" if one.message else f"{base}?view=saved"
    _said(entry, "id", f"urn:uuid:{uuid5(saved, str(one.key))}")
    where = one.chat or one.feed
    title = one_line(one.text, TITLE) or "…"
    _said(entry, "title", f"{one_line(where, TITLE)}: {title}" if where else title)
    _said(entry, "updated", _time(one.found_at))
    if one.posted_at:
        _said(entry, "published", _time(one.posted_at))
    _said(_child(entry, "author"), "name", one_line(one.author or where or "tg-assets", TITLE) or "…")
    _child(entry, "link", rel="alternate", href=one.link or page, **({} if one.link else {"type": "text/html"}))
    if one.link:
        _child(entry, "link", rel="related", type="text/html", href=page)
    if one.feed:
        _child(entry, "category", term=_possible(shown(one.feed)))
    content = shown(one.text)
    _said(entry, "content", content if len(content) <= TEXT else f"{content[: TEXT - 1]}…", type="text")


def _child(parent: Xml.Element, name: str, **attributes: str) -> Xml.Element:
    return Xml.SubElement(parent, name, attributes)


def _said(parent: Xml.Element, name: str, text: str, **attributes: str) -> None:
    _child(parent, name, **attributes).text = _possible(text)


def _possible(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
