"""Going through a tenant: each stage's items, stretch by stretch, then what the stores have besides.

A stretch is looked at while no run works on its feed's stage, so nothing is half done. What is found is mended, if that
is asked for, before the next stretch: what is missing or differs is made by its stage, what is too much is removed.
What does not belong here: what a store has to answer (``keeper``).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import md5
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Stage
from tg_assets.scope import Scope
from tg_assets.stores.database import TenantConnection
from tg_assets.stores.graph import TenantGraph
from tg_assets.verifying import ledger, shared
from tg_assets.verifying.findings import Difference, Findings, Place
from tg_assets.verifying.keeper import Found, Keeper, Part
from tg_assets.verifying.stretches import stretches

SAMPLE = 100
"""Items of a stage in a stretch that are compared in full, unless all are asked for."""
NOWHERE = Place("", None)


@dataclass(slots=True)
class _Looked:
    """What came of looking at a stage's items in a stretch."""

    differences: list[Difference] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    """Items to be made, whatever the ledger says of them."""
    gone: set[str] = field(default_factory=set)
    """Things to be removed."""
    cut: list[Any] = field(default_factory=list)
    is_stale: bool = False


class Verification:
    """A comparison of a tenant, or of one of its feeds; ``sample`` None compares all items in full."""

    def __init__(
        self,
        session: TenantConnection,
        parts: Sequence[Part],
        *,
        graph: TenantGraph | None = None,
        feed: str | None = None,
        sample: int | None = SAMPLE,
        repair: bool = False,
        advance: Callable[[str, int, int], None] = lambda *_: None,
        run_id: str | None = None,
    ) -> None:
        self._session, self._parts, self._graph, self._feed = session, parts, graph, feed
        self._sample, self._repair, self._advance, self._run_id = sample, repair, advance, run_id
        self.found = Findings()

    def run(self, *, what: str = "comparing") -> Findings:
        """Look at everything, and mend it if that was asked for."""
        with self._session.transaction() as connection:
            since = ledger.begin_seen(connection)
            found = stretches(connection, self._feed)
        done, messages = 0, sum(one.messages for one in found)
        for one in found:
            for part in self._parts:
                self._stretch(part, one.scope)
            done += one.messages
            self._advance(what, done, messages)
        for part in self._parts:
            if part.keeper is not None:
                self._besides(part, part.keeper, since)
        if self._graph is not None and self._feed is None:
            self._shared(self._graph)
            if not self.found.noted()["pending"]:
                self._labels(self._graph)
                self._replies(self._graph)
        return self.found

    def _stretch(self, part: Part, scope: Scope) -> None:
        stage = part.stage(scope)
        with self._session.lock(f"{stage.name}/{scope.feed}"):
            with self._session.transaction() as connection:
                looked = self._look(connection, stage, part.keeper, scope)
            self.found.add(*looked.differences)
            if self._repair and looked.differences:
                self._mend(stage, part.keeper, scope, looked)

    def _look(self, connection: Connection, stage: Stage, keeper: Keeper | None, scope: Scope) -> _Looked:
        items, looked = ledger.items(connection, stage, scope), _Looked()
        dirty, made = ledger.dirty_days(connection, scope.feed), {one.day for one in items if one.state != ledger.NEW}
        there: set[str] = set()
        wanted: set[str] = set()
        if keeper is not None:
            ledger.see(connection, stage.name)
            wanted = set(connection.execute(text(keeper.wanted)).scalars())
            there = keeper.there([one.id for one in items])
            self.found.compared[keeper.store] += len(items)
        self.found.compared["ledger"] += len(items)
        for one in items:
            place = Place(scope.feed, one.day)
            if one.is_stale:
                if one.day in dirty:
                    self.found.notes[place, stage.name, "pending"] += 1
                elif one.state == ledger.NEW and one.id not in there and one.day not in made:
                    self.found.notes[place, stage.name, "not made"] += 1
                else:
                    kind = "missing" if one.state == ledger.NEW else "stale"
                    looked.differences.append(Difference(place, "ledger", stage.name, kind, one.id))  # type: ignore[arg-type]
                    looked.is_stale = True
            elif one.state == "error":
                self.found.notes[place, stage.name, "failed"] += 1
            elif one.state == "waiting":
                self.found.notes[place, stage.name, "waiting"] += 1
            elif keeper is not None:
                should = one.state == "ok" and one.id in wanted
                if should and one.id not in there:
                    looked.differences.append(Difference(place, keeper.store, keeper.what, "missing", one.id))
                    looked.again.add(one.id)
                elif not should and one.id in there:
                    looked.differences.append(Difference(place, keeper.store, keeper.what, "extra", one.id))
                    looked.gone.add(one.id)
        if keeper is not None:
            days = {one.id: one.day for one in items if one.state == "ok" and one.id in wanted & there}
            self._compare(connection, keeper, scope, days, looked)
        return looked

    def _compare(
        self, connection: Connection, keeper: Keeper, scope: Scope, days: dict[str, date], looked: _Looked
    ) -> None:
        chosen: Collection[str] = days
        if self._sample is not None and len(days) > self._sample:  # the same ones each time, and from all over
            chosen = sorted(days, key=lambda one: md5(one.encode(), usedforsecurity=False).digest())[: self._sample]
        if not chosen:
            return
        ledger.choose(connection, chosen)
        for one in keeper.unlike(connection):
            place = Place(scope.feed, days[one.id])
            looked.differences.append(Difference(place, keeper.store, one.what, one.kind, one.id))
            looked.again.add(one.id)
            if one.relation is not None:
                looked.cut.append(one.relation)

    def _mend(self, stage: Stage, keeper: Keeper | None, scope: Scope, looked: _Looked) -> None:
        if keeper is not None:
            keeper.cut(looked.cut)
            keeper.remove(sorted(looked.gone))
        with self._session.transaction() as connection:
            ledger.forget(connection, stage.name, looked.again)
        failed = 0
        if looked.again or looked.is_stale:
            failed = run_stage(stage, self._session, scope, run_id=self._run_id).failed.total()
        self.found.mended += max(0, len(looked.differences) - failed)

    def _besides(self, part: Part, keeper: Keeper, since: datetime) -> None:
        """What is in a store and no item of its stage."""
        with self._session.transaction() as connection:
            chats = connection.execute(
                text("SELECT id::text FROM channels WHERE feed = :feed"), {"feed": self._feed}
            ).scalars()
            channels = None if self._feed is None else list(chats)
        extra: list[Found] = []
        for page in keeper.all(self._feed, channels):
            known = {one.id: one for one in page}
            strange = self._unseen(part, list(known), since)
            if strange:  # a run may have written it and not said so yet
                for feed in sorted({known[one].feed or "" for one in strange} - {""}):
                    with self._session.lock(f"{part.name}/{feed}"):
                        pass
                extra += [known[one] for one in self._unseen(part, strange, since)]
        for one in extra:
            self.found.add(Difference(Place(one.feed or "", one.day), keeper.store, keeper.what, "extra", one.id))
        if self._repair and extra:
            gone = [one.id for one in extra]
            keeper.remove(gone)
            with self._session.transaction() as connection:
                ledger.forget(connection, part.name, gone)
            self.found.mended += len(gone)

    def _unseen(self, part: Part, ids: Collection[str], since: datetime) -> set[str]:
        with self._session.transaction() as connection:
            return ledger.unseen(connection, part.name, ids, since)

    def _shared(self, graph: TenantGraph) -> None:
        """Nodes that nothing is related to, and chats that are not the tenant's."""
        first = self._look_alone(graph)
        if not first:
            return
        with self._session.transaction() as connection:
            feeds = list(connection.execute(text("SELECT DISTINCT feed FROM channels ORDER BY 1")).scalars())
        for feed in feeds:  # a run that is making a post has taken its relations away for a moment
            for part in self._parts:
                if part.keeper is not None and part.keeper.store == "neo4j":
                    with self._session.lock(f"{part.name}/{feed}"):
                        pass
        again = self._look_alone(graph)
        nodes = [(label, row) for key, (label, row) in again.items() if key in first]
        for label, row in nodes:
            # A key may be a name that people wrote: examples are ids.
            told = "/".join(str(row[name]) for name in row if name.endswith("_id")) or "a name"
            self.found.add(Difference(NOWHERE, "neo4j", label, "extra", told))
        if self._repair and nodes:
            shared.drop(graph, nodes)
            self.found.mended += len(nodes)

    def _labels(self, graph: TenantGraph) -> None:
        with self._session.transaction() as connection:
            found = list(shared.labels(graph, connection))
        for kind, row in found:
            self.found.add(Difference(NOWHERE, "neo4j", "HAS_LABEL", kind, row["sha256"]))  # type: ignore[arg-type]
        if self._repair and found:
            shared.mend_labels(graph, found)
            self.found.mended += len(found)

    def _replies(self, graph: TenantGraph) -> None:
        found = list(shared.replies(graph))
        for kind, row in found:
            self.found.add(Difference(NOWHERE, "neo4j", "REPLIES_TO_AUTHOR", kind, row["post_id"]))  # type: ignore[arg-type]
        if self._repair and found:
            shared.mend_replies(graph, found)
            self.found.mended += len(found)

    def _look_alone(self, graph: TenantGraph) -> dict[str, tuple[str, dict[str, Any]]]:
        found = {repr(one): one for one in shared.alone(graph)}
        with self._session.transaction() as connection:
            return found | {repr(one): one for one in shared.unknown_chats(graph, connection)}
