"""Words of the page: a number has the forms that its language needs, and stands beside no word that has only one."""

import re
from collections.abc import Iterator

from tests.support.data import ROOT

SCRIPTS = ROOT / "tg_assets" / "doors" / "page" / "js"
ENGLISH, RUSSIAN = 2, 3


def pairs() -> Iterator[tuple[str, str, str]]:
    """Name, English and Russian of every word."""
    said = (SCRIPTS / "words.js").read_text("utf-8").partition("export const NAMES")[0]
    yield from re.findall(r'^  "?([\w.]+)"?: \["([^"]*)",\s*"([^"]*)"\]', said, re.M)


def test_every_number_has_its_forms() -> None:
    numbered = [(name, english, russian) for name, english, russian in pairs() if "#" in english + russian]
    assert len(numbered) >= 20
    for name, english, russian in numbered:
        assert len(english.split("|")) == ENGLISH, name
        assert len(russian.split("|")) == RUSSIAN, name
        assert all("#" in form for form in (*english.split("|"), *russian.split("|"))), name


def test_no_number_stands_beside_a_word_of_one_form() -> None:
    for path in SCRIPTS.glob("*.js"):
        assert not re.search(r"amount\([^`]*\)\} \$\{t\(\"(?!pictures_files)", path.read_text("utf-8")), path.name
