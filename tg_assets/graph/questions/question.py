"""What a question is: a name, help in two languages, typed parameters, a statement, and columns.

Every statement shows only what ``seen`` lets through: posts, albums and dialogues of chats that everybody in the tenant
shares or whose owner is one of ``$owners``, and, where ``$channels`` is not null, of those chats only. Nodes that posts
share (tags, authors, pictures, sources) are reached from such posts alone: a name, a count or a step of a path never
comes from another one. So names are not taken from the graph either, where the last post gave them, but from rows of
posts that may be seen. What does not belong here: what people's words for chats and persons stand for, texts
(``tg_assets.answers``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = dict[str, Any]

Kind = Literal[
    "chat", "dialogue", "person", "source", "post", "picture", "album", "account", "tags", "name", "label", "page",
    "number",
]  # fmt: skip
"""What a parameter names. ``chat`` and ``dialogue`` narrow a question to chats, and are bound as ``$channels``."""

Shown = Literal["plain", "post", "chat", "person", "source"]
"""What a column's value stands for: itself, a post by its id, a chat by its id, or somebody by the last of their posts
(``LAST``), whose row has the name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, bound as ``$name``; without a ``default`` it must be given. ``example`` is for people."""

    name: str
    kind: Kind
    help: str
    example: str
    default: str | int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer, made of the statement's column of the same name."""

    name: str
    shown: Shown = "plain"


@dataclass(frozen=True, slots=True)
class Question:
    """A question that has a name. Besides ``parameters`` every one has a limit, and ``dated`` ones a span of dates.

    ``then`` makes the answer's rows of the statement's, which then must not limit them.
    """

    name: str
    english: str
    russian: str
    statement: str
    columns: tuple[Column, ...]
    parameters: tuple[Parameter, ...] = ()
    dated: bool = False
    then: Callable[[Sequence[Row]], list[Row]] | None = None


def columns(*names: str, **shown: Shown) -> tuple[Column, ...]:
    """Plain columns by name, with what those stand for that are not plain: ``columns("n", "who", who="person")``."""
    return tuple(Column(name, shown.get(name, "plain")) for name in names)


def seen(node: str) -> str:
    """The condition under which a post, an album or a dialogue may be shown. Placeholders have no owner."""
    return f"({node}.owner_id IN $owners AND ($channels IS NULL OR {node}.channel_id IN $channels))"


def answers(relation: str) -> str:
    """The condition under which a reply and what it answers may be shown, of a relation ``REPLIES_TO_AUTHOR``, which
    has of both what is asked of posts."""
    one = f"{relation}.answered"
    return f"{seen(relation)} AND ({one}_owner_id IN $owners AND ($channels IS NULL OR {one}_channel_id IN $channels))"


def within(node: str) -> str:
    """The condition that a post or an album is of the span of dates that was asked for."""
    return f"(($since IS NULL OR {node}.posted_at >= $since) AND ($until IS NULL OR {node}.posted_at < $until))"


def last(node: str) -> str:
    """The last of posts, as its time and its id. To make texts of times takes longer, and they are no order where a
    server leaves zeros out."""
    return f"max([{node}.posted_at, {node}.post_id])"


def first(node: str) -> str:
    """The first of posts, likewise."""
    return last(node).replace("max(", "min(", 1)


def most(node: str, relation: str) -> str:
    """How much is related to a node, whoever may see it: no less than what somebody may see of it. Servers know it
    without a look at the relations. It bounds how much is looked at (``foremost``) and is in no answer."""
    return f"COUNT {{ ({node})<-[:{relation}]-() }} AS most"


def foremost(known: str, found: str) -> str:
    """Clauses by which only nodes are counted of which there may be enough to be among ``$limit``.

    They follow on rows with ``known`` and its ``most``. ``found`` makes of ``known`` at most ``$limit`` rows ``row``, a
    map whose ``number`` is what comes first; ``known`` of the greatest ``most`` are looked at, then those of the others
    whose ``most`` is no less than the smallest number that was found. What follows has both as ``row``.
    """
    return f"""WITH {known}, most ORDER BY most DESC
WITH collect({{known: {known}, most: most}}) AS every
CALL {{
    WITH every UNWIND every[..$limit] AS one
    WITH one.known AS {known}
    {found}
    RETURN collect(row) AS rows, CASE WHEN count(row) < $limit THEN 1 ELSE min(row.number) END AS least
}}
CALL {{
    WITH every, least UNWIND every[$limit..] AS one
    WITH one, least WHERE one.most >= least
    WITH one.known AS {known}
    {found}
    RETURN collect(row) AS others
}}
UNWIND rows + others AS row"""


CHAT = Parameter("chat", "chat", "a chat or feed", "@news", required=False)
PERSON = Parameter("person", "person", "who: a name as shown, @username or id", "@anna")
