"""People, places and organisations named in Russian text, in dictionary form: slovnet's model (extra ``entities``).

The data are two files of the wheel natasha 1.6.0, taken by path: the package itself wants pymorphy2 and is never
imported. Where the extra is not installed there are no entities, and the tagger's version says so. English has no
model here: spaCy costs 230 MB of memory for what capital letters tell already. What does not belong here: ranking.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tg_assets.errors import TgAssetsError
from tg_assets.lazy import Lazy
from tg_assets.shipped import how_to_install
from tg_assets.tagging.lemmas import fold, words
from tg_assets.tagging.ner import Model
from tg_assets.tagging.phrases import phrases
from tg_assets.tagging.readings import analysed, readings

VERSION = "slovnet-news-2"

Kind = Literal["PER", "LOC", "ORG"]
TYPES: dict[Kind, str] = {"PER": "person", "LOC": "place", "ORG": "organisation"}
"""What tags and the graph call them."""

_FILES = {
    "emb/navec_news_v1_1B_250K_300d_100q.tar": "f07270833d78523edc5781538d67038e95b43975e4a7ae757c693b687f9cbfca",
    "model/slovnet_ner_news_v1.tar": "16c3343a6572ddf0e2b2fc1923113de15a7f5ca5bde90e780dd590418665603e",
}
_DATA = "natasha==1.6.0"
_PACKAGES = ("navec", "slovnet", "natasha")

_RUSSIAN = re.compile("[а-я]+")
_CYRILLIC_NAME = re.compile("[А-ЯЁ][а-яё]")
_QUOTES = re.compile('[«»„“”"]')
_NAMES = frozenset({"Name", "Surn", "Patr"})
_SHORTEST = 3
"""«НТ» and «БД» are an organisation to the model."""
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing: its name in dictionary form, and what it is."""

    name: str
    kind: Kind


def available() -> bool:
    """Whether the extra is installed; loads nothing."""
    return all(find_spec(package) is not None for package in _PACKAGES)


def _checked(name: str, expected: str) -> Path:
    spec = find_spec("natasha")
    if spec is None or spec.origin is None:
        raise TgAssetsError(
            f"natasha is not installed: {how_to_install('entities')}, then pip install --no-deps {_DATA}."
        )
    path = Path(spec.origin).parent / "data" / name
    found = sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
    if found != expected:
        raise TgAssetsError(
            f"The entity model's file {path.name} has SHA-256 {found[:12]}…, expected {expected[:12]}…. "
            f"Install it again: pip install --no-deps --force-reinstall {_DATA}."
        )
    return path


def _load() -> Model:
    embeddings, model = (_checked(name, expected) for name, expected in _FILES.items())
    from navec import Navec  # type: ignore[import-untyped]
    from slovnet import NER  # type: ignore[import-untyped]

    tagger = NER.load(model)
    tagger.navec(Navec.load(embeddings))
    return Model(tagger)


_model: Lazy[Model] = Lazy(_load)


def entities(texts: Sequence[str]) -> list[tuple[Entity, ...]]:
    """Entities of each cleaned text without links, in order of first mention, each once.

    Texts without a Cyrillic word in capitals are not looked at. The same text gives the same whatever else is in
    the batch. Raises TgAssetsError when the model's files are not the known ones.
    """
    asked = list(dict.fromkeys(text for text in texts if _CYRILLIC_NAME.search(text)))
    found: dict[str, tuple[Entity, ...]] = {}
    if asked:
        for text, spans in zip(asked, _model().spans(asked), strict=True):
            named = (_entity(text[span.start : span.stop], span.type) for span in spans)
            found[text] = tuple(dict.fromkeys(one for one in named if one is not None))
    return [found.get(text, ()) for text in texts]


def _entity(span: str, kind: Kind) -> Entity | None:
    parts = words(span)
    # Latin terms are organisations to a model of news («CSV», «Thread Group»); as key phrases they are there anyway.
    if not parts or len(parts) > _MOST_WORDS or not all(map(_RUSSIAN.fullmatch, parts)):
        return None
    if len("".join(parts)) < _SHORTEST or (len(parts) == 1 and readings(parts[0])[0].part != "NOUN"):
        return None
    if kind != "PER":
        return Entity(_named(span), kind)
    # «Коля» alone is whoever is spoken to.
    return Entity(" ".join(_personal(tuple(parts))), kind) if len(parts) > 1 else None


def _named(span: str) -> str:
    """A place or an organisation: «Калужской области» is «калужская область»; as written where grammar has no say."""
    written = fold(_QUOTES.sub("", span))
    length = len(written.split())
    whole = [one for one in phrases(written, "ru") if one.position == 0 and one.length == length and one.known]
    return whole[0].name if whole else written


@lru_cache(maxsize=1 << 12)
def _personal(parts: tuple[str, ...]) -> tuple[str, ...]:
    """First name, patronymic and surname in the nominative, of one gender and case.

    A surname that the dictionary lacks is declined as a noun in the case of the first name («Владиславом Шапшой»);
    a word that is neither stays as written.
    """
    named = [[p for p in analysed(part) if _NAMES & p.tag.grammemes and p.tag.number == "sing"] for part in parts]
    first = next((own[0].tag for own in named if own and "Surn" not in own[0].tag), None)
    forms = []
    for part, own in zip(parts, named, strict=True):
        fitting = [p for p in own if first is None or p.tag.gender == first.gender]
        if not own and first is not None and first.case != "nomn":
            fitting = [p for p in analysed(part) if p.tag.POS == "NOUN" and p.tag.case == first.case]
        form = fitting[0].inflect({"nomn", "sing"}) if fitting else None
        forms.append(fold(str(form.word)) if form is not None else part)
    return tuple(forms)
