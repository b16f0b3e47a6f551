"""The revision that gives direct messages ids of their own: from what the version before it had stored, everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from migrations import downgrade, upgrade
from tests.pipeline.test_changes import picture, said
from tests.schema.test_migrations import STRUCTURE, ask
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets import ids
from tg_assets.importing import ImportOptions, import_export
from tg_assets.importing.report import ChatReport
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database

BEFORE, AFTER = "0014", "0015"
ME, PEER, GROUP = 900, 70001, 70002
# Columns of ids that are of other things, or that nothing here has rows of.
OTHERS = {"tenant_id", "identity_id", "user_id", "account_id", "media_object_id", "cover_media_id"}


@dataclass
class Installation:
    """A database of its own beside the session's other stores, and one tenant in it."""

    owner_url: str
    app_url: str
    superuser_url: str
    tenant: str
    export: Path

    @property
    def tenant_id(self) -> UUID:
        return ids.tenant_id(self.tenant)

    def land(self) -> list[ChatReport]:
        return import_export(
            self.export,
            ImportOptions(tenant=self.tenant),
            load_settings(),
            Database(url=self.app_url),
            pipeline.objects(),
            lambda *_: None,
        )

    def make(self) -> None:
        """All stages of all feeds."""
        stages = pipeline.prepared_stages(pipeline.tools(postgres=Database(url=self.app_url)))
        with Database(url=self.app_url).tenant(self.tenant_id) as session:
            for (feed,) in self.rows("SELECT DISTINCT feed FROM channels ORDER BY 1"):
                scope = Scope(feed, datetime(2023, 5, 1, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC))
                for asset in stages.values():
                    for of in asset:
                        report = run_stage(of, session, scope)
                        assert not report.failed

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return ask(self.superuser_url, sql, **values)

    def column(self, sql: str) -> list[str]:
        return sorted(str(row[0]) for row in self.rows(sql))

    def tables(self) -> list[str]:
        return self.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'dirty'")

    def counts(self) -> dict[str, int]:
        return {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in self.tables()}

    def said(self, *but: str) -> str:
        """Everything that the tables hold, as text."""
        found = [self.rows(f"SELECT t::text FROM {table} t") for table in self.tables() if table not in but]
        return str(found)

    def stores(self) -> dict[str, list[str]]:
        """Ids that the other stores have of the tenant."""
        with pipeline.neo4j().tenant(self.tenant_id) as graph:
            nodes = {
                label: sorted(
                    row["id"]
                    for row in graph.read(f"MATCH (n:{label} {{tenant_id: $tenant}}) RETURN n.{name} AS id")
                )
                for label, name in (
                    ("Post", "post_id"), ("Channel", "channel_id"), ("Dialogue", "dialogue_id"), ("Album", "album_id"),
                    ("Group", "group_id"),
                )
            }  # fmt: skip
        folder = Path(pipeline.objects().url.removeprefix("file://")) / "album" / str(self.tenant_id)
        return nodes | {"points": self._points(), "objects": sorted(path.name for path in folder.iterdir())}

    def stored(self) -> dict[str, list[str]]:
        """The ids that they should have."""
        posts, chats = self.column("SELECT id FROM messages"), self.column("SELECT id FROM channels")
        albums = self.column("SELECT id FROM media_groups")
        there = self.rows("SELECT to_regclass('conversations') IS NOT NULL") == [(True,)]
        units = self.column("SELECT id FROM conversations WHERE deleted_at IS NULL") if there else []
        return {
            "Post": posts, "Channel": chats, "Dialogue": chats, "Album": albums,
            "Group": self.column("SELECT id FROM channels WHERE source = 'persona'"),
            "points": sorted([*posts, *albums, *units]), "objects": [f"{one}_vision_summary_v1.json" for one in albums],
        }  # fmt: skip

    def _points(self) -> list[str]:
        from qdrant_client import models

        from tg_assets.stores.vectors import COLLECTION

        mine = models.FieldCondition(key="tenant_id", match=models.MatchValue(value=str(self.tenant_id)))
        with pipeline.qdrant()._client() as client:
            records, _ = client.scroll(COLLECTION, models.Filter(must=[mine]), limit=1000)
        return sorted(str(record.id) for record in records)


def export_of() -> dict[str, Any]:
    """A conversation with an album, a reply, a reply to nothing, and what is no message; a group that answers it."""
    direct = chat(
        said(1, "привет, вот грядки", from_id=f"user{PEER}", photo="photos/1.jpg"),
        said(2, "", from_id=f"user{PEER}", photo="photos/2.jpg"),
        said(3, "красиво", from_id=f"user{ME}", reply_to_message_id=1),
        said(4, "раньше было лучше", from_id=f"user{ME}", reply_to_message_id=777),
        {"id": 5, "type": "message", "text": "никогда"},
        type="personal_chat", id=PEER, name="Борис",
    )  # fmt: skip
    small = chat(
        said(9, "он прав", from_id=f"user{ME}", reply_to_message_id=3, reply_to_peer_id=f"user{PEER}"),
        type="private_group", id=GROUP, name="Дача",
    )  # fmt: skip
    return account(direct, small, user_id=ME)


@pytest.fixture
def before(
    scratch: Callable[[str], str], servers: dict[str, str], superuser_url: str, tenant: str, tmp_path: Path
) -> Installation:
    """A database at the revision before, filled with ids as they were computed then, and the stores with them."""
    files = {f"photos/{number}.jpg": picture(colour) for number, colour in ((1, "red"), (2, "green"))}
    made = Installation(
        scratch(servers["TG_POSTGRES_OWNER_URL"]),
        scratch(servers["TG_POSTGRES_URL"]),
        scratch(superuser_url),
        tenant,
        pipeline.write_export(tmp_path, export_of(), files),
    )
    upgrade(made.owner_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "peer_id", lambda tg_channel_id, source: tg_channel_id)
        made.land()
        made.make()
    assert made.stores()["points"] == made.stored()["points"]
    with (
        Database(url=made.app_url).tenant(made.tenant_id) as session,
        session.transaction() as connection,
    ):  # what an export does not bring
        connection.execute(text("INSERT INTO history SELECT tenant_id, id FROM channels"))
        connection.execute(
            text("""INSERT INTO message_facts
                    SELECT tenant_id, id, 'album', channel_id, telegram_message_id, now(), '{"grouped_id": 1}'
                    FROM messages""")
        )
    downgrade(made.owner_url, BEFORE)
    return made


def test_everything_of_direct_messages_has_its_new_id(before: Installation) -> None:
    """In every table, then, once the stages have run, in every store; and all of it goes back."""
    old, counts = before.stored(), before.counts()
    (moving,) = before.column("SELECT id FROM channels WHERE source = 'dm'")
    moved = [moving, *before.column("SELECT id FROM media_groups")]
    moved += before.column(f"SELECT id FROM messages WHERE channel_id = '{moving}'")
    upgrade(before.owner_url)
    now = {name: UUID(str(one)) for name, one in before.rows("SELECT title, id FROM channels")}
    assert now == {
        "Борис": ids.channel_id(before.tenant_id, PEER, ME), "Дача": ids.channel_id(before.tenant_id, -GROUP, ME),
    }  # fmt: skip
    assert before.rows("SELECT tg_channel_id, peer_id FROM channels ORDER BY 1") == [(-GROUP, -GROUP), (-PEER, PEER)]
    messages = before.rows("SELECT id, channel_id, telegram_message_id FROM messages")
    assert [one[0] for one in messages] == [ids.post_id(channel, number) for _, channel, number in messages]
    everything = before.said("replaced_ids")
    assert [one for one in moved if one in everything] == []
    after = before.counts()
    assert after.pop("replaced_ids") == 3
    later = (
        "embeddings", "conversations", "word_counts", "counted_points", "access_tokens", "judgements",
        "saved_questions", "saved_matches", "newly_indexed", "oauth_grants",
    )  # fmt: skip
    assert [after.pop(name) for name in later] == [0] * len(later)
    assert after.pop("derivations") < counts.pop("derivations")  # points and nodes are to be made again
    assert after == counts
    assert before.rows("SELECT DISTINCT date FROM dirty") == [(date(2023, 5, 1),)]

    reports = before.land()
    names = ("unchanged", "new", "changed")
    assert [tuple(one.counts[name] for name in names) for one in reports] == [(4, 0, 0), (1, 0, 0)]
    assert before.counts()["dead_letters"] == counts["dead_letters"] == 1

    before.make()
    stores_now, wanted = before.stores(), before.stored()
    placeholder = str(ids.post_id(now["Борис"], 777))
    assert stores_now.pop("Post") == sorted([*wanted.pop("Post"), placeholder])
    assert stores_now == wanted
    assert before.counts()["replaced_ids"] == 0
    (album,) = wanted["Album"]
    summary = pipeline.objects().get(f"album/{before.tenant_id}/{album}_vision_summary_v1.json")
    assert summary is not None
    assert album.encode() in summary
    assert str(now["Борис"]).encode() in summary

    downgrade(before.owner_url, BEFORE)
    assert before.stored() == old


def test_every_column_of_ids_is_seen_to(scratch: Callable[[str], str], servers: dict[str, str]) -> None:
    """Of the schema as it is then: a column that is in none of the lists would keep ids that nothing has any more."""
    from importlib import import_module

    revision = import_module("migrations.versions.0015_peers")
    url = scratch(servers["TG_POSTGRES_OWNER_URL"])
    upgrade(url, BEFORE)
    found = ask(
        url,
        """SELECT c.table_name, c.column_name FROM information_schema.columns c
           JOIN pg_class p ON p.relname = c.table_name AND NOT p.relispartition
           WHERE c.table_schema = 'public' AND c.data_type = 'uuid' AND c.column_name::text <> ALL(:others)""",
        others=[*OTHERS],
    )
    own = {("channels", "id"), ("media_groups", "id"), ("media_groups", "channel_id"), ("dead_letters", "id")}
    elsewhere = {(table, "id") for table in ("tenants", "identities", "users", "accounts", "media_objects")}
    listed = {pair for pairs in revision.COLUMNS.values() for pair in pairs}
    assert set(found) == listed | own | elsewhere


def test_two_chats_that_would_become_one_are_not_taken_back(before: Installation) -> None:
    """And nothing is changed by trying."""
    upgrade(before.owner_url, AFTER)
    shape = ask(before.owner_url, STRUCTURE)
    with Database(url=before.app_url).tenant(before.tenant_id) as session, session.transaction() as connection:
        connection.execute(
            text("""INSERT INTO channels (tenant_id, id, owner_id, tg_channel_id, source, feed)
                    SELECT tenant_id, gen_random_uuid(), owner_id, tg_channel_id, 'persona', feed
                    FROM channels WHERE source = 'dm'""")
        )
    with pytest.raises(SystemExit, match="1 direct messages have the id of a small group"):
        downgrade(before.owner_url, BEFORE)
    assert ask(before.owner_url, STRUCTURE) == shape
