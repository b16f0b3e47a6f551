"""Building a version of the vector index beside the one that answers, and switching to it.

The ledger says what is in the new version, by stages of their own (``ledger.switching``). So whoever is killed at any
place is gone on from there; what comes, changes and goes meanwhile is stale in the new version as it is in the old one,
and is made up for, the last of it while nobody writes. Searches are answered all the time: by the old version before
the switch, by the new one after it. What does not belong here: what a point is, collections.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.ledger import switching
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Stage
from tg_assets.stores.collections import Collections, Version, answering
from tg_assets.stores.database import Database, advisory_lock
from tg_assets.stores.vectors import VectorIndex
from tg_assets.verifying.stretches import MESSAGES, stretches

# Of a stretch in which little is stale: to look at one takes longer than what is in it.
MANY = 50_000

Advance = Callable[[str, int, int], None]
"""Is told what is being done, how many messages are done, and of how many."""
Log = Callable[[str], None]
StagesIn = Callable[[UUID, str], Mapping[str, Stage]]
"""Stages that write a tenant's points into a collection, by the names that they have for the index."""


@contextmanager
def only_one(database: Database, what: str) -> Iterator[None]:
    """Keep others from rebuilding the same; raises TgAssetsError when somebody does."""
    with database.connection() as connection, advisory_lock(connection, f"rebuild/{what}") as held:
        if not held:
            raise TgAssetsError(
                f"Somebody is rebuilding {what} already. Wait for it; one that was killed leaves nothing that would "
                "hold up another."
            )
        yield


class Building:
    """An index that is rebuilt for all of an installation's tenants.

    ``versions`` gives the version that a stage of the index has once a collection answers, by the stage's name.
    """

    def __init__(
        self,
        index: VectorIndex,
        database: Database,
        embedder: Embedder,
        tenants: Sequence[UUID],
        stages: StagesIn,
        made: Callable[[], Mapping[str, str]],
        *,
        advance: Advance = lambda *_: None,
        log: Log = lambda _: None,
        run_id: str | None = None,
    ) -> None:
        self._index, self._database, self._embedder, self._tenants = index, database, embedder, tenants
        self._stages, self._made, self._advance, self._log, self._run_id = stages, made, advance, log, run_id

    def run(self) -> str:
        """Build, switch, and remove what answered before; the name of the collection that answers now.

        Raises TgAssetsError when the index has points of tenants that were not named: they would be gone.
        """
        with only_one(self._database, f"index/{self._index.alias}"), self._index.collections() as collections:
            if (current := collections.answering()) is not None:
                self._require_all(collections.tenants(current))
                if self._is_switched(current):
                    self._log(f"{current} answers already: its rebuild is brought to its end")
                    with switching.alone(self._database, self._index.alias):
                        collections.switch(current)
                        self._adopt(current)
                    return self._end(collections, current)
            name = self._unfinished(collections, current) or collections.create(Version.of(self._embedder))
            self._log(f"{name} is being built by {self._embedder.model_id}; {current or 'nothing'} answers meanwhile")
            self._pass(name, "building", MESSAGES)
            collections.ready(name)
            self._pass(name, "what came meanwhile", MANY)
            with switching.alone(self._database, self._index.alias):
                self._pass(name, "the last of it", MANY)
                if current is not None:
                    self._require_whole(name)
                collections.switch(name)
                self._adopt(name)
            return self._end(collections, name)

    def _require_all(self, there: set[str]) -> None:
        if strangers := there - {str(tenant) for tenant in self._tenants}:
            raise TgAssetsError(
                f"The index has points of {len(strangers):,} tenants that Dagster does not know, who would have none "
                "in a new one. Make them known (`tg-assets tenants add NAME`), or delete their points."
            )

    def _unfinished(self, collections: Collections, current: str | None) -> str | None:
        """A version that an interrupted rebuild was building for the same embedder, if there is one."""
        found = [one for one in collections.versions() if _number(one) > (_number(current) if current else 0)]
        wanted = Version.of(self._embedder).fingerprint
        return next((one for one in reversed(found) if f"_{wanted}_" in one), None)

    def _is_switched(self, current: str) -> bool:
        """Whether the ledger still has rows of the stages that built what answers."""
        for tenant in self._tenants:
            wanted = {stage.name: stage.version for stage in self._stages(tenant, current).values()}
            with self._database.tenant(tenant) as session, session.transaction() as connection:
                if connection.execute(
                    text("""SELECT EXISTS (SELECT FROM unnest(CAST(:names AS text[]), CAST(:versions AS text[]))
                                                AS built (stage, version)
                                           JOIN derivations d USING (stage, version))"""),
                    {"names": list(wanted), "versions": list(wanted.values())},
                ).scalar():
                    return True
        return False

    def _pass(self, name: str, what: str, most: int) -> Report:
        """Bring a version up to date; work is what is stale."""
        total = Report()
        for tenant in self._tenants:
            stages = self._stages(tenant, name)
            with self._database.tenant(tenant) as session:
                with session.transaction() as connection:
                    found = stretches(connection, most=most)
                done, messages = 0, sum(one.messages for one in found)
                for one in found:
                    for stage in stages.values():
                        total.add(run_stage(stage, session, one.scope, run_id=self._run_id))
                    done += one.messages
                    self._advance(what, done, messages)
        self._log(f"{what}: {total.done:,} made, {total.skipped.total():,} skipped, {total.failed.total():,} failed")
        return total

    def _require_whole(self, name: str) -> None:
        """Raise TgAssetsError when something could not be made that is in the index that answers."""
        lost = 0
        for tenant in self._tenants:
            for of, stage in self._stages(tenant, name).items():
                with self._database.tenant(tenant) as session, session.transaction() as connection:
                    lost += connection.execute(
                        text("""SELECT count(*) FROM derivations n JOIN derivations d USING (item_id)
                                WHERE n.stage = :stage AND n.version = :version AND n.status = 'error'
                                  AND d.stage = :of AND d.status = 'ok'"""),
                        {"stage": stage.name, "version": stage.version, "of": of},
                    ).scalar_one()
        if lost:
            raise TgAssetsError(
                f"{lost:,} things that can be found now could not be made for {name}, so it does not take the place of "
                "the index that answers. The log says why; run this again once that is mended."
            )

    def _adopt(self, name: str) -> None:
        now = self._made()
        for tenant in self._tenants:
            built = {stage: one.version for stage, one in self._stages(tenant, name).items()}
            with self._database.tenant(tenant) as session, session.transaction() as connection:
                switching.adopt(connection, {stage: (version, now[stage]) for stage, version in built.items()})

    def _end(self, collections: Collections, name: str) -> str:
        """What is left to do once a version answers and the ledger says so; last, what says that it is to be done."""
        for other in collections.versions():
            if other != answering(self._index.alias, collections.aliases()):
                collections.drop(other)
        for tenant in self._tenants:
            with self._database.tenant(tenant) as session, session.transaction() as connection:
                switching.forget(connection, self._stages(tenant, name))
        self._log(f"{name} answers")
        return name


def _number(name: str) -> int:
    number = name.rpartition("_")[2]
    return int(number) if number.isdigit() else 0
