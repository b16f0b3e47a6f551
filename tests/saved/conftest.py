"""A tenant with a garden's channel, into which messages come while questions are saved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from tests.pipeline.test_changes import FILES, said
from tests.support import pipeline
from tests.support.receiver import receiver as receiver
from tests.telegram.exports import account, chat
from tg_assets import ids
from tg_assets.accounts.vault import Vault
from tg_assets.answers.archive import Archive
from tg_assets.doors import tokens
from tg_assets.ledger.engine import run_stage
from tg_assets.saved import questions
from tg_assets.saved.asked import Asked, SavedSearch
from tg_assets.saved.rounds import rounds
from tg_assets.scope import Scope

GARDEN, ADA, BORIS = 42, 900, 500
SPAN = (datetime(2023, 5, 1, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC))
STAGES = ("posts", "media_objects", "media_groups", "conversations", "qdrant_points", "neo4j_nodes")
"""What makes messages of exports, points and nodes; no model looks at anything."""
KEY = Fernet.generate_key().decode()
PUMP = SavedSearch(q="насос в подвале")


def vaults() -> Vault:
    """The installation's."""
    return Vault(KEY)


@dataclass
class World:
    """A tenant, and what was done to it."""

    slug: str
    directory: Path
    landed: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return ids.tenant_id(self.slug)

    def archive(self, *owners: int, feeds: Sequence[str] | None = None) -> Archive:
        return pipeline.archive(self.slug, *owners, feeds=feeds)

    def post(self, number: int) -> UUID:
        return ids.post_id(ids.channel_id(self.id, ids.marked_channel_id(GARDEN)), number)

    def token(self, name: str = "laptop", *owners: int, feeds: Sequence[str] | None = None, until: Any = None) -> str:
        with pipeline.postgres().tenant(self.id) as session, session.transaction() as connection:
            return tokens.make(connection, self.id, name, owners, feeds, until)

    def revoke(self, name: str = "laptop") -> None:
        with pipeline.postgres().tenant(self.id) as session, session.transaction() as connection:
            tokens.revoke(connection, name)

    def save(self, asked: Asked = PUMP, token: str = "laptop", webhook: str | None = None, *owners: int) -> Any:
        return questions.save(
            self.archive(*owners), token, asked, webhook=webhook, trusted=["127.0.0.1"], vaults=vaults
        )

    def land(self, *messages: dict[str, Any], direct: Sequence[dict[str, Any]] = ()) -> None:
        """Import messages of the garden, and of Ada's dialogue with Boris."""
        self.landed += 1
        chats = [chat(*messages, id=GARDEN, name="Сад", type="public_channel")] if messages else []
        chats += [chat(*direct, id=BORIS, name="Борис", type="personal_chat")] if direct else []
        path = pipeline.write_export(self.directory / str(self.landed), account(*chats, user_id=ADA), FILES)
        pipeline.import_path(path, self.slug)

    def index(self, *, force: bool = False) -> None:
        """Make what is stale of all feeds."""
        feeds = [row[0] for row in pipeline.rows(self.slug, "SELECT key FROM feeds ORDER BY 1")]
        stages = pipeline.prepared_stages(pipeline.tools())
        with pipeline.postgres().tenant(self.id) as session:
            for name in STAGES:
                for of in stages[name]:
                    for feed in feeds:
                        run_stage(of, session, Scope(feed, *SPAN), force=force)

    def come(self, *messages: dict[str, Any], direct: Sequence[dict[str, Any]] = ()) -> None:
        """Messages come in and are indexed."""
        self.land(*messages, direct=direct)
        self.index()

    def rounds(self) -> Counter[str]:
        """Look and tell until nothing is due."""
        return rounds(pipeline.postgres(), self.archive(), [self.id], ["127.0.0.1"], vaults, 0, 600)

    def found(self, saved: Any) -> list[UUID]:
        """Keys of what was found, in order."""
        sql = "SELECT key FROM saved_matches WHERE saved_id = :id AND found_at IS NOT NULL ORDER BY seq"
        return [row[0] for row in pipeline.rows(self.slug, sql, id=saved.id)]

    def due_now(self) -> None:
        """No receiver and no question to the graph has to wait any longer."""
        with pipeline.postgres().tenant(self.id) as session, session.transaction() as connection:
            connection.exec_driver_sql(
                "UPDATE saved_questions SET due_at = NULL, asked_at = asked_at - interval '1 day'"
            )


@pytest.fixture
def world(servers: dict[str, str], tmp_path: Path) -> World:
    """A tenant of the test's own, with one message that speaks of a pump and a token."""
    made = World(pipeline.new_tenant(), tmp_path)
    made.come(said(1, "насос в подвале чинил сторож"), said(2, "яблони в саду зацвели раньше обычного"))
    made.token()
    return made
