"""What tests of live traffic do over and over: send events, read them to the end, look at what is there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson

from tests.support import pipeline
from tg_assets import assets, ids
from tg_assets.assets.order import live_round
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, StageOf
from tg_assets.live.chats import Directory
from tg_assets.live.keeping import Keep
from tg_assets.live.process import Processor
from tg_assets.live.refresh import Made, Refresh
from tg_assets.live.tail import Flush, Tail
from tg_assets.monitoring import gauges
from tg_assets.registry.channels import register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

PARSED = "stream:posts:parsed"
EDITED = "stream:posts:edited"
DELETED = "stream:posts:deleted"
CHAT = -1_001_234_567_890


@dataclass
class Live:
    """A tenant's live traffic."""

    redis: Any
    tenant: str
    flushes: list[Flush] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    feeds: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def register(self) -> None:
        """Make the tenant known."""
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session, session.transaction() as connection:
            register_tenant(connection, self.tenant)

    def event(self, number: int, **fields: Any) -> dict[str, Any]:
        """A parsed message of one chat, a minute after the one before it."""
        found = {
            "tenant_id": self.tenant,
            "tg_channel_id": CHAT,
            "telegram_message_id": number,
            "text": f"message {number}",
            "posted_at": f"2026-03-{1 + number // 1440:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
            "occurred_at": "2026-04-01T00:00:00Z",
            "chat_title": "Live",
        }
        return found | fields

    def send(self, *events: Mapping[str, Any], stream: str = PARSED) -> list[str]:
        """Append events to a stream as another program would; an event's own ``stream`` comes first."""
        return [self.raw(orjson.dumps(event), event.get("stream", stream)) for event in events]

    def raw(self, data: bytes, stream: str = PARSED) -> str:
        """Append any bytes."""
        entry: bytes = self.redis.xadd(stream, {"data": data})
        return entry.decode()

    def tail(self, shard: int = 0) -> Tail:
        """A reader of a shard, as a run makes one."""
        settings = load_settings()
        directory = Directory(settings, lambda: 0)
        return Tail(
            pipeline.postgres(),
            self.redis,
            directory,
            Processor(directory, settings),
            shard,
            keep=Keep.of(settings.stream_keep),
            register=self.feeds.update,
            report=self.flushes.append,
            log=self.said.append,
        )

    def drain(self, shard: int = 0, linger: float = 0.0) -> Tail:
        """Read until nothing is left, or came for a while."""
        tail = self.tail(shard)
        assert tail.run(linger=linger, budget=180).startswith("nothing came")
        return tail

    def refresh(
        self,
        tenants: Sequence[UUID] | None = None,
        *,
        vision: Any = None,
        speech: Any = None,
        album_quiet: float = 0.0,
        budget: float = 120,
    ) -> Refresh:
        """Run the stages until nothing is dirty that is due."""
        refresh = Refresh(
            pipeline.postgres(),
            self.redis,
            self._stages(vision, speech, album_quiet),
            live_round(assets.ASSETS),
            lambda: tenants or [ids.tenant_id(self.tenant)],
            report=self.made.append,
            log=self.said.append,
        )
        assert refresh.run(linger=0.0, budget=budget).startswith("nothing was dirty")
        return refresh

    def backfill(
        self, *, vision: Any = None, speech: Any = None, feed: str = "live", month: tuple[int, int] = (2026, 3)
    ) -> dict[str, Report]:
        """All stages over all that was sent, or a feed's month, as a backfill runs them; reports by asset."""
        since = datetime(*month, 1, tzinfo=UTC)
        scope = Scope(f"{self.tenant}.{feed}", since, since + timedelta(days=31))
        reports: dict[str, Report] = {}
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            for asset, stages in self._stages(vision, speech).items():
                total = reports.setdefault(asset, Report())
                for of in stages:
                    total.add(run_stage(of, session, scope))
        return reports

    def _stages(self, vision: Any, speech: Any, album_quiet: float = 0.0) -> Mapping[str, tuple[StageOf, ...]]:
        given = {name: one for name, one in (("vision", vision), ("speech", speech)) if one}
        chosen = {"album_quiet_seconds": album_quiet}
        redis = SimpleNamespace(client=lambda: self.redis)
        return pipeline.prepared_stages(pipeline.tools(live=True, settings=chosen, redis=redis, **given))

    def behind(self) -> set[str]:
        """Stages for which dirty partitions wait, as metrics tell it."""
        found = gauges.waiting(pipeline.postgres(), [ids.tenant_id(self.tenant)], albums=False)
        return {labels["stage"] for name, labels, age in found if name == "stage_oldest_seconds" and age > 0}

    def world(self) -> dict[str, Any]:
        """Everything there is of the tenant, in all stores, without what names the tenant: for comparing lives.

        Rows by hashes of their content, points by message, nodes and relations by what people call them.
        """
        with pipeline.qdrant().tenant(ids.tenant_id(self.tenant)) as index:
            told = index.payloads(
                [
                    str(row[0])
                    for row in self.rows(
                        """SELECT id FROM messages UNION SELECT id FROM media_groups
                           UNION SELECT id FROM conversations"""
                    )
                ]
            )
            count = index.count()
        points = sorted(
            (one["telegram_message_id"], one["kind"], one["text_short"], tuple(one["tags"])) for one in told.values()
        )
        with pipeline.neo4j().tenant(ids.tenant_id(self.tenant)) as graph:
            called = "coalesce(toString({0}.telegram_message_id), toString({0}.author_id), {0}.name, {0}.title, '?')"
            edges = graph.read(
                f"""MATCH (a {{tenant_id: $tenant}})-[r]->(b)
                    RETURN labels(a)[0] + ' ' + {called.format("a")} + ' ' + type(r) + ' ' + labels(b)[0] + ' '
                           + {called.format("b")} AS edge"""
            )
        # Of the ledger what it says: its hashes are made of ids, and so of the tenant.
        passing = ("dirty", "outbox", "dead_letters", "derivations", "media_groups")
        tables = {name: found for name, found in self.state().items() if name not in passing}
        ledger = self.rows("SELECT stage, status, reason, version, count(*) FROM derivations GROUP BY 1, 2, 3, 4")
        # Of albums what they show: when their pictures were looked at is another life's own.
        albums = self.rows(
            """SELECT grouped_id, album_kind, items_count, content_hash, caption_text, posted_at, deleted_at IS NULL,
                      (meta->'enrichment') - '{album_id,tenant_id,channel_id,first_analyzed_at,last_analyzed_at,
                      assembly_completed_at,assembly_lag_seconds}'::text[] FROM media_groups"""
        )
        tables["media_groups"] = str(sorted(map(str, albums)))
        tables["derivations"] = str(sorted(map(str, ledger)))
        return {"tables": tables, "points": points, "count": count, "edges": sorted(row["edge"] for row in edges)}

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows as the tenant sees them."""
        return pipeline.rows(self.tenant, sql, **values)

    def numbers(self, where: str = "true") -> list[int]:
        """Message ids in ``messages``."""
        sql = f"SELECT telegram_message_id FROM messages WHERE {where} ORDER BY 1"
        return [row[0] for row in self.rows(sql)]

    def letters(self) -> dict[str, str]:
        """Reasons of the tenant's dead letters by entry."""
        return {row.entry: row.reason for row in self.rows("SELECT entry, reason FROM dead_letters")}

    def state(self) -> dict[str, str]:
        """A hash of every table's content."""
        return pipeline.content_hashes(self.tenant, anonymous=True)


def letters_of_nobody(entries: Iterable[str]) -> dict[str, str]:
    """Reasons of dead letters that belong to no tenant."""
    with pipeline.postgres().tenant(ids.NO_TENANT) as session, session.transaction() as connection:
        from sqlalchemy import text

        rows = connection.execute(
            text("SELECT entry, reason FROM dead_letters WHERE entry = ANY(:entries)"), {"entries": list(entries)}
        )
        return {row.entry: row.reason for row in rows}


def stale(reports: Mapping[str, Report]) -> dict[str, dict[str, int]]:
    """What was worked on and why, by asset."""
    return {asset: dict(report.stale) for asset, report in reports.items() if report.todo}
