"""Parts of a message that have fields of their own: files, reactions, polls.

What does not belong here: events.
"""

from typing import Annotated, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic takes the standard one from Python 3.12 on

from tg_assets.events.fields import BigInt, Bytes, Count, Sha256
from tg_assets.telegram.desktop_media import MediaKind, MediaRole


class PostMedia(BaseModel):
    """One file of a message. ``sha256`` and ``s3_key`` when it is in the object store already, else why not."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    kind: MediaKind
    role: MediaRole | None = None
    sha256: Sha256 | None = None
    s3_key: str | None = None
    mime: str | None = None
    size: Bytes | None = None
    file_name: str | None = None
    width: Count | None = None
    height: Count | None = None
    duration: Annotated[float, Field(ge=0, le=1e9)] | None = None
    path: str | None = None
    missing_reason: str | None = None


class Reaction(TypedDict):
    """How often one reaction was given: an emoji, or a custom one by its document."""

    __pydantic_config__ = ConfigDict(extra="allow", coerce_numbers_to_str=True)  # type: ignore[misc]

    count: Count
    emoji: NotRequired[str]
    document_id: NotRequired[str]


class PollAnswer(TypedDict):
    """An option of a poll."""

    text: str
    voters: NotRequired[BigInt]


class Poll(TypedDict):
    """A poll, as in ``posts.poll``."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    question: str
    closed: NotRequired[bool]
    total_voters: NotRequired[BigInt]
    answers: NotRequired[list[PollAnswer]]
    explanation: NotRequired[str]


class Beside(TypedDict):
    """Words of one part of a message beside its text: of a checklist, a place, a row of buttons."""

    kind: NotRequired[str]
    text: str
