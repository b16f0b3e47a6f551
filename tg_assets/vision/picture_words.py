"""What a picture is looked for by, in English and Russian: what it shows, and what kind of picture it is.

Made of a vision result as it is stored, of whichever provider, so that «кошка» finds a picture that a model called
``tabby``, and «скриншот» one whose text is all that is known. What does not belong here: the table of names
(``names``), how much such a word counts in the index (``index.sparse``), what models and rules see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tg_assets.tagging.lemmas import lemmas
from tg_assets.vision.names import Name, named

PICTURE = Name(("picture", "image"), ("картинка", "изображение"))
KINDS = {
    "photo": Name(("photo", "photograph"), ("фото", "фотография", "фотка", "снимок"), (PICTURE,)),
    "meme": Name(("meme",), ("мем", "прикол"), (PICTURE,)),
    "document": Name(("document", "scan"), ("документ", "скан"), (PICTURE,)),
    "screenshot": Name(("screenshot", "screen"), ("скриншот", "снимок экрана", "скрин"), (PICTURE,)),
    "infographic": Name(("infographic", "chart"), ("инфографика", "схема", "диаграмма"), (PICTURE,)),
    "other": PICTURE,
}
COLOURS = {
    "black": Name(("black",), ("чёрный",)),
    "white": Name(("white",), ("белый",)),
    "grey": Name(("grey", "gray"), ("серый",)),
    "red": Name(("red",), ("красный",)),
    "orange": Name(("orange",), ("оранжевый", "рыжий")),
    "yellow": Name(("yellow",), ("жёлтый",)),
    "green": Name(("green",), ("зелёный",)),
    "cyan": Name(("cyan", "turquoise"), ("голубой", "бирюзовый")),
    "blue": Name(("blue",), ("синий", "голубой")),
    "purple": Name(("purple", "violet"), ("фиолетовый", "лиловый")),
    "pink": Name(("pink",), ("розовый",)),
    "brown": Name(("brown",), ("коричневый",)),
}
MANNERS = {
    "graphic": Name(("graphic", "drawing"), ("рисунок", "графика")),
    "animated": Name(("animated", "gif"), ("анимация", "гифка")),
    "text": Name(("text",), ("текст", "надпись")),
    "dark": Name(("dark",), ("тёмный",)),
    "light": Name(("light", "bright"), ("светлый",)),
}
SILENT = frozenset({"square", "landscape", "portrait", "mid-tone", "cyrillic text", "latin text"})
"""Labels of the built-in provider that nobody looks for, or means otherwise: its landscape is a wide picture."""
LONGEST = 80
"""Characters of a label that are looked at."""
SHOWN = 4
"""Names that a reader is told."""


@dataclass(frozen=True, slots=True)
class PictureWords:
    """Names of one picture or several: of what is ``shown``, and of the ``manner``: kind, colours, whether it moves."""

    shown: tuple[Name, ...] = ()
    manner: tuple[Name, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.shown or self.manner)

    @property
    def shown_text(self) -> str:
        """What is shown, in all its words."""
        return _text(self.shown)

    @property
    def manner_text(self) -> str:
        """The manner, in all its words."""
        return _text(self.manner)

    @property
    def text(self) -> str:
        """All words."""
        return f"{self.shown_text} {self.manner_text}".strip()

    def told(self, russian: bool) -> str:
        """The picture in a few words for a reader: kind, what it shows, colours. Empty when nothing is known."""
        kinds = [name for name in self.manner if name in KINDS.values()]
        colours = [name for name in self.manner if name in COLOURS.values()]
        groups = (kinds[:1], self.shown[:SHOWN], colours[:2])
        parts = [", ".join(dict.fromkeys(_first(name, russian) for name in group)) for group in groups]
        return "; ".join(filter(None, parts))


def picture_words(vision: Mapping[str, Any] | None) -> PictureWords:
    """Of a stored vision result, or of an album's labels; nothing of None and of what is no such thing."""
    if not vision:
        return PictureWords()
    scores = (vision.get("context") or {}).get("scores") or {}
    manner: list[Name] = []
    shown: list[Name] = []
    for label in _labels(vision):
        if label in scores or not (known := KINDS.get(label) or COLOURS.get(label) or MANNERS.get(label)):
            # The shapes and scripts are the built-in provider's; a model elsewhere that says landscape means one.
            if label not in SILENT or vision.get("provider") not in (None, "local"):
                shown += _called(label)
        else:
            manner.append(known)
    return PictureWords(tuple(dict.fromkeys(shown)), tuple(dict.fromkeys(manner)))


def _called(label: str) -> list[Name]:
    """A label by the table's names, and as it is unless it is one of them."""
    label = label[:LONGEST]
    found = list(named(label))
    if not any(label in (*name.english, *name.russian) for name in found):
        found.append(Name((), (label,)) if is_russian(label) else Name((label,), ()))
    return found


def _labels(vision: Mapping[str, Any]) -> Iterator[str]:
    """Objects, which are surer, then labels, kind, colours and scene; what is no text is left out."""
    given: list[Any] = []
    for name in ("objects", "labels", "dominant_colors"):
        given += value if isinstance(value := vision.get(name), list) else []
    given += [vision.get("classification"), vision.get("scene")]
    yield from dict.fromkeys(one for one in given if isinstance(one, str) and one)


def why_its_picture(names: PictureWords, query: str, text: str) -> str | None:
    """The picture in the query's language, where words of the query are of it and not of the text; None elsewhere."""
    wanted = set(lemmas(query)) - set(lemmas(text)) if names else set()
    if not wanted.intersection(lemmas(names.text)):
        return None
    return names.told(is_russian(query)) or None


def is_russian(query: str) -> bool:
    """Whether somebody who writes so reads Russian: any Cyrillic letter."""
    return any("\u0400" <= char <= "\u04ff" for char in query)


def _text(names: Iterable[Name]) -> str:
    return " ".join(dict.fromkeys(one for name in names for one in name.every()))


def _first(name: Name, russian: bool) -> str:
    both = (name.russian, name.english) if russian else (name.english, name.russian)
    return next(names[0] for names in both if names)
