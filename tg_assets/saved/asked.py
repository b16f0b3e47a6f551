"""What is asked: a search with what it is narrowed to, or a question to the graph with its parameters.

What does not belong here: asking.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tg_assets.errors import TgAssetsError
from tg_assets.scope import aware

Moment = Annotated[datetime, AfterValidator(aware)]
# Characters that a database can keep.
_KEPT = r"^[^\x00]+$"
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_KEPT)]
Words = Annotated[str, Field(min_length=1, max_length=1000, pattern=_KEPT)]
Word = Annotated[str, Field(min_length=1, max_length=300, pattern=_KEPT)]
Number = Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SavedSearch(_Asked):
    """A search, as ``answers.search`` takes one. Conversations are no results of it: their lines are."""

    q: Words
    kind: Literal["post", "album"] | None = None
    tags: Annotated[list[Word], Field(max_length=20)] = []
    since: Moment | None = None
    until: Moment | None = None
    author: Word | None = None
    lang: Annotated[str, Field(min_length=1, max_length=8, pattern=_KEPT)] | None = None
    feeds: Annotated[list[Word], Field(max_length=100)] = []


class SavedQuestion(_Asked):
    """A question to the graph by its name, as ``answers.asking`` takes one."""

    question: Word
    parameters: Annotated[dict[Word, Word | Number], Field(max_length=20)] = {}


Asked = SavedSearch | SavedQuestion


def kind_of(asked: Asked) -> str:
    """``search`` or ``graph``, as it is stored."""
    return "search" if isinstance(asked, SavedSearch) else "graph"


def read(kind: str, stored: Any) -> Asked:
    """What was stored."""
    return SavedSearch.model_validate(stored) if kind == "search" else SavedQuestion.model_validate(stored)


def named(asked: Asked, name: str | None) -> str:
    """The name that it is listed by. Raises TgAssetsError for one that cannot be."""
    own = (
        asked.q if isinstance(asked, SavedSearch) else " ".join([asked.question, *map(str, asked.parameters.values())])
    )
    visible = "".join(one for one in own if one.isprintable() or one.isspace())
    found = " ".join((name or visible).split())[:100]
    if not found or not found.isprintable():
        raise TgAssetsError("A saved question needs a name of printable characters.")
    return found
