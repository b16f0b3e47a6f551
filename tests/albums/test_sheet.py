"""The contact sheet, as a Markdown reader shows it."""

import base64
import re
from io import BytesIO

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

from tests.vision.drawing import encode, photo
from tg_assets.albums.sheet import MOST_ALBUMS, Shown, contact_sheet
from tg_assets.vision.prepare import prepare

NASTY = "A (b) *c* & [d](https://e.ex) <b>f</b> &lt; `g` | h_i_j #k ![l](m) ~~n~~ 1+1 {o} \\ ! www.p.ex q@r.ex"
# What becomes a link by itself: github.github.com/gfm, "Autolinks (extension)".
LINK = re.compile(r"(https?://|www\.)[-.\w]+|[-.\w+]+@[-\w]+\.[-\w]+", re.IGNORECASE)


def cells(sheet: str) -> list[list[Token]]:
    """The inline content of the table's cells, without its heading."""
    tokens = MarkdownIt("commonmark").enable("table").parse(sheet)
    inside = [token.children or [] for token in tokens if token.type == "inline"]
    assert [token.content for cell in inside[:4] for token in cell] == ["album", "pictures", "summary", "labels"]
    return inside[4:]


def shown(title: str = "Album", summary: str = "", pictures: int = 2) -> Shown:
    data = [encode(photo((300, 200), seed=number), "JPEG") for number in range(pictures)]
    return Shown(title, [(one, "image/jpeg") for one in data], summary, ["harbour", "ship"])


def small(data: bytes, mime: str, side: int) -> bytes:
    return prepare(data, mime, side).jpeg


@pytest.mark.parametrize("text", [NASTY, "line\none\n\n# two", "://", "a" * 250])
def test_whatever_is_said_is_shown_as_it_is(text: str) -> None:
    """No Markdown, no HTML and no link comes of it, and no entity is seen."""
    title, _, summary, _ = cells(contact_sheet([shown(text, text)], small))
    for cell in (title, summary):
        assert {token.type for token in cell} <= {"text", "text_special"}
        told = "".join(token.content for token in cell)
        assert told.replace("\u2060", "") == " ".join(text.split())
        assert not LINK.search(told)


@pytest.mark.parametrize(("count", "across", "down"), [(1, 1, 1), (3, 3, 1), (5, 5, 1), (7, 5, 2), (10, 5, 2)])
def test_pictures_stand_side_by_side(count: int, across: int, down: int) -> None:
    """One picture per album, inside the text, as wide as five of its pictures at most."""
    _, pictures, _, labels = cells(contact_sheet([shown(pictures=count), shown(pictures=0)], small))[:4]
    (image,) = [token for token in pictures if token.type == "image"]
    head, data = str(image.attrs["src"]).split(",")
    assert head == "data:image/jpeg;base64"
    strip = Image.open(BytesIO(base64.b64decode(data)))
    assert strip.size == (across * 72 + (across - 1) * 3, down * 48 + (down - 1) * 3)
    assert labels[0].content == "harbour, ship"


def test_an_album_without_stored_pictures_says_so() -> None:
    """Also one whose files are no pictures."""
    broken = Shown("Broken", [(b"no picture", "image/jpeg")], "", [])
    found = cells(contact_sheet([shown(pictures=0), broken], small))
    assert [found[1][0].content, found[5][0].content] == ["none stored"] * 2


def test_the_newest_albums_are_enough() -> None:
    assert len(cells(contact_sheet([shown(pictures=1)] * (MOST_ALBUMS + 3), small))) == MOST_ALBUMS * 4
