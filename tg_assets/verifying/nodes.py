"""Posts and albums of the graph as their stages keep them: nodes, their properties, and the relations they have."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from tg_assets.graph import expected, leaving
from tg_assets.graph.expected import Edge
from tg_assets.graph.schema import KEYS
from tg_assets.partitions import date_key
from tg_assets.stores.graph import TenantGraph
from tg_assets.verifying.keeper import Found, Unlike

_TYPES = {"Post": {one.type for one in expected.POST_RELATIONS}, "Album": set(expected.ALBUM_RELATIONS)}
_KEYS = {"Post": "post_id", "Album": "album_id"}
_NODES = {"Post": expected.POSTS, "Album": expected.ALBUMS}
_EDGES = {"Post": (expected.FROM_POSTS, expected.TO_POSTS), "Album": (expected.OF_ALBUMS,)}
_ALL = {"Post": expected.ALL_POSTS, "Album": expected.ALL_ALBUMS}


@dataclass(frozen=True, slots=True)
class Content:
    """What the graph should have of some items: properties of their nodes by id, and of their relations."""

    nodes: Mapping[str, Mapping[str, Any]]
    edges: Mapping[Edge, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of one label, ``Post`` or ``Album``. ``expected`` gives what should be of the items in ``chunk``;
    ``feeds`` is a chat's feed by its id."""

    graph: TenantGraph
    what: str
    wanted: str
    expected: Callable[[Connection], Content]
    feeds: Mapping[str, str]
    store: str = "neo4j"

    def there(self, items: Sequence[str]) -> set[str]:
        """See ``Keeper``; a placeholder is not the post."""
        return {id_ for id_, node in self._nodes(items).items() if not node.get("placeholder")}

    def unlike(self, connection: Connection) -> list[Unlike]:
        """See ``Keeper``."""
        wanted = self.expected(connection)
        found = self._nodes(list(wanted.nodes))
        unlike = [
            Unlike(id_, self.what, "different")
            for id_, node in wanted.nodes.items()
            if id_ in found and _differ(found[id_], node)
        ]
        edges = self._edges([id_ for id_ in wanted.nodes if id_ in found])
        ours = {edge: says for edge, says in wanted.edges.items() if edge.owner in found}
        unlike += [Unlike(edge.owner, edge.type, "missing") for edge in sorted(ours.keys() - edges.keys(), key=str)]
        for edge, said in edges.items():
            if edge not in ours or len(said) > 1:
                unlike.append(Unlike(edge.owner, edge.type, "extra", {**edge._asdict(), "key": list(edge.key)}))
            elif _differ(said[0], ours[edge]):
                unlike.append(Unlike(edge.owner, edge.type, "different"))
        return unlike

    def all(self, feed: str | None, channels: Sequence[str] | None) -> Iterator[list[Found]]:
        """See ``Keeper``."""
        for page in self.graph.pages(_ALL[self.what], channels=None if channels is None else list(channels)):
            yield [Found(row["id"], self.feeds.get(row["channel_id"]), _day(row["posted_at"])) for row in page]

    def remove(self, items: Sequence[str]) -> None:
        """See ``Keeper``. A post that others point at stays as a placeholder, as one that never arrived."""
        rows = [{_KEYS[self.what]: one} for one in items]
        if self.what == "Album":
            self.graph.write(leaving.DROP_ALBUMS, rows)
            return
        around = [
            row
            for statement in (leaving.AROUND, leaving.LABELS_AROUND, leaving.TARGETS)
            for row in self.graph.read(statement, rows=rows)
        ]
        for statement in (
            leaving.FORGET_ANSWERED,
            leaving.FORGET,
            leaving.FORGET_AUTHOR,
            leaving.FORGET_GROUP,
            leaving.LEAVE,
            leaving.BURY,
            leaving.BURY_ALONE,
        ):
            self.graph.write(statement, rows)
        for label, statement in leaving.DROP_ALONE.items():
            self.graph.write(statement, [row["node"] for row in around if row["label"] == label])

    def cut(self, relations: Sequence[Mapping[str, Any]]) -> None:
        """See ``Keeper``."""
        for label in sorted({one["label"] for one in relations}):
            rows = [
                {"owner": one["owner"], "type": one["type"], **dict(zip(KEYS[label], one["key"], strict=True))}
                for one in relations
                if one["label"] == label
            ]
            self.graph.write(expected.cut(self.what, label), rows)

    def _nodes(self, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        rows = [{_KEYS[self.what]: one} for one in items]
        return {row["id"]: row["node"] for row in self.graph.read(_NODES[self.what], rows=rows)} if rows else {}

    def _edges(self, items: Sequence[str]) -> dict[Edge, list[dict[str, Any]]]:
        """What relations that there are say, those of the same type between the same nodes together."""
        rows = [{_KEYS[self.what]: one} for one in items]
        found: dict[Edge, list[dict[str, Any]]] = {}
        for statement in _EDGES[self.what] if rows else ():
            for row in self.graph.read(statement, rows=rows):
                if row["type"] in _TYPES[self.what]:
                    edge = Edge(row["owner"], row["type"], row["label"], tuple(row["key"] or ()))
                    found.setdefault(edge, []).append(row["says"])
        return found


def _differ(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return any(_plain(found.get(name)) != _plain(value) for name, value in wanted.items())


def _plain(value: Any) -> Any:
    """A value that compares whichever side it is from."""
    if hasattr(value, "to_native"):
        value = value.to_native()
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _day(moment: Any) -> date | None:
    found = _plain(moment)
    return date.fromisoformat(date_key(found)) if isinstance(found, datetime) else None
