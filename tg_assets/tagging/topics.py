"""Topics of texts without training: the topic of an editable taxonomy whose phrases a text is nearest to.

``taxonomy.toml`` beside this module is the form and the default. A topic is given where it is near enough and the
next one is far enough behind; what is enough is measured per embedding model and stands in the file. Texts of a few
words are about nothing that a vector could tell. A topic's name is the taxonomy's, never a word of the text, so no text
can add one that is not there. What does not belong here: models, tags of other origins.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tg_assets.errors import TgAssetsError
from tg_assets.tagging.lemmas import fold

if TYPE_CHECKING:
    from tg_assets.embedder import Embedder, Vectors

VERSION = "1"
DEFAULT = Path(__file__).with_name("taxonomy.toml")

_READ = 120
"""Characters of a text that are compared: the first sentence says what a post is about, the rest dilutes it."""
_FEWEST_WORDS = 6
_WORD = re.compile(r"[^\W\d_]{2,}")

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200, pattern=r"\w")]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64, pattern=r"\w")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Topic(_Strict):
    """One topic: a stable key, its name in both languages, and what its posts say in a few words."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    ru: _Name
    en: _Name
    phrases: tuple[_Line, ...] = Field(min_length=1, max_length=40)


class Enough(_Strict):
    """From which similarity on a topic is given, and how far the next topic has to be behind."""

    least: float = Field(gt=0, le=1)
    margin: float = Field(ge=0, le=1)


class Taxonomy(_Strict):
    """Topics, and what is near enough for each embedding model."""

    models: dict[str, Enough]
    topic: tuple[Topic, ...] = Field(min_length=2, max_length=500)

    @model_validator(mode="after")
    def _different(self) -> Self:
        for field in ("key", "ru", "en"):
            names = [fold(getattr(one, field)) for one in self.topic]
            again = next((name for name in names if names.count(name) > 1), None)
            if again is not None:
                raise ValueError(f"two topics have the {field} {again!r}")
        return self

    @cached_property
    def fingerprint(self) -> str:
        """Changes when anything in the taxonomy does; comments and order of keys do not count."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:8]


def read(path: Path | None = None) -> Taxonomy:
    """The taxonomy in a TOML file, the shipped one by default; ``TgAssetsError`` when it cannot be used."""
    path = path or DEFAULT
    try:
        return Taxonomy.model_validate(tomllib.loads(path.expanduser().read_text("utf-8")))
    except OSError as error:
        raise TgAssetsError(f"The taxonomy {path} cannot be read: {error.strerror}. TG_TAXONOMY names it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TgAssetsError(f"The taxonomy {path} is not TOML: {error}. TG_TAXONOMY names it.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise TgAssetsError(
            f"The taxonomy {path} cannot be used: {where}: {first['msg']}. {DEFAULT} shows the form."
        ) from None


@dataclass(frozen=True, slots=True)
class Found:
    """A text's topic, and how near it is (cosine)."""

    topic: Topic
    similarity: float


# Rows of a taxonomy's phrases, and where each topic's rows begin, by the version of topics: made once in a process.
_embedded: "dict[str, tuple[Vectors, list[int]]]" = {}


class Topics:
    """Finds topics with one embedding model; the taxonomy is embedded once, on first use."""

    def __init__(self, taxonomy: Taxonomy, embedder: "Embedder") -> None:
        self._taxonomy, self._embedder = taxonomy, embedder
        self._enough = taxonomy.models.get(embedder.model_id)

    @property
    def version(self) -> str:
        """What the topics of a text depend on. Without thresholds for the model nothing has a topic."""
        name = f"topics-{VERSION}/{self._taxonomy.fingerprint}/{self._embedder.model_id}"
        return name if self._enough else f"{name}/off"

    def _phrases(self) -> "tuple[Vectors, list[int]]":
        if self.version not in _embedded:
            starts, phrases = [], list[str]()
            for topic in self._taxonomy.topic:
                starts.append(len(phrases))
                phrases += topic.phrases
            _embedded[self.version] = self._embedder.encode(phrases), starts
        return _embedded[self.version]

    def find(self, texts: Sequence[str]) -> list[Found | None]:
        """The topic of each cleaned text without links, or None; one call of the embedder for all of them."""
        compared = [text[:_READ].strip() for text in texts]
        asked = [n for n, text in enumerate(compared) if len(_WORD.findall(text)) >= _FEWEST_WORDS]
        found: list[Found | None] = [None] * len(texts)
        if self._enough is None or not asked:
            return found
        import numpy as np

        vectors, starts = self._phrases()
        near = self._embedder.encode([compared[n] for n in asked]) @ vectors.T
        best = np.maximum.reduceat(near, starts, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :2]
        for n, row, (first, second) in zip(asked, best, order, strict=True):
            similarity = float(row[first])
            if similarity >= self._enough.least and similarity - float(row[second]) >= self._enough.margin:
                found[n] = Found(self._taxonomy.topic[first], min(similarity, 1.0))
        return found
