"""Two tenants with the same chats and other secrets: a channel, a group, and a dialogue of each of two accounts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.pipeline.test_changes import FILES, edited, said
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

ADA, EVA, BORIS = 900, 901, 500
GARDEN, HARBOUR, KITCHEN = 42, 77, 43
SINCE = datetime(2023, 5, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=31)
PICTURE = {"mime_type": "image/png", "width": 64, "height": 48}


def by(person: str, number: int, text: str, person_id: int, **fields: Any) -> dict[str, Any]:
    return said(number, text, **{"from": person, "from_id": f"user{person_id}", **fields})


def garden() -> list[dict[str, Any]]:
    """A channel: an album, a text that is edited later, a forward, and the same words twice."""
    return [
        said(1, "три цвета над заливом", photo="photos/1.png", **PICTURE),
        said(2, "", photo="photos/2.png", **PICTURE),
        said(3, "", photo="photos/3.png", **PICTURE),
        said(5, "генератор на маяке снова работает, свет вернули в семь вечера"),
        said(7, "паром из порта отменён до пятницы", forwarded_from="Порт", forwarded_from_id=f"channel{HARBOUR}"),
        said(10, "the ice report says the bay is frozen: https://example.org/ice", day=1),
        said(11, "яблони в саду зацвели раньше обычного", day=1),
    ]


def kitchen() -> list[dict[str, Any]]:
    """A group: a thread of replies, and lines around it."""
    return [
        by("Вера", 1, "кто сегодня готовит ужин?", 601),
        by("Глеб", 2, "я могу сварить уху из трески", 602, reply_to_message_id=1),
        by("Вера", 3, "треска закончилась, осталась только крупа", 601, reply_to_message_id=2),
        by("Глеб", 4, "тогда гречка с грибами", 602, reply_to_message_id=3),
        by("Вера", 5, "а кто починил насос в подвале?", 601),
        by("Глеб", 6, "насос чинил сторож, в подвале сухо", 602),
    ]


@dataclass(frozen=True)
class Tenant:
    """A tenant of the fixture, and the word that only its ``owner``'s dialogue has."""

    slug: str
    secrets: dict[int, str]

    @property
    def id(self) -> UUID:
        return ids.tenant_id(self.slug)

    def archive(self, *owners: int, feeds: Sequence[str] | None = None) -> Archive:
        return pipeline.archive(self.slug, *owners, feeds=feeds)

    def post(self, chat: int, number: int, owner: int = 0) -> UUID:
        """Id of a message: of a channel or group by its bare id, of a dialogue by the person's."""
        peer = chat if owner else ids.marked_channel_id(chat)
        return ids.post_id(ids.channel_id(self.id, peer, owner), number)

    def secret_post(self, owner: int) -> UUID:
        return self.post(BORIS, 2, owner)

    def feed(self, slug: str) -> str:
        return f"{self.slug}.{slug}"

    @property
    def private_feeds(self) -> dict[int, str]:
        return {
            owner: self.feed(ids.private_name(ids.channel_id(self.id, BORIS, owner), "dm")) for owner in self.secrets
        }


def export_of(me: int, secret: str, *, is_edited: bool) -> dict[str, Any]:
    posts = garden()
    if is_edited:
        posts[3] = edited(posts[3], "генератор на маяке снова работает, свет вернули в восемь вечера")
    harbour = [said(12, "паром из порта отменён до пятницы"), said(13, "в порту ждут ледокол")]
    direct = [by("Борис", 1, "какой пароль от сейфа?", BORIS), by("Я", 2, f"пароль от сейфа {secret}", me)]
    return account(
        chat(*posts, id=GARDEN, name="Сад", type="public_channel"),
        chat(*harbour, id=HARBOUR, name="Порт", type="public_channel"),
        chat(*kitchen(), id=KITCHEN, name="Кухня", type="public_supergroup"),
        chat(*direct, id=BORIS, name="Борис", type="personal_chat"),
        user_id=me,
    )


def land(tenant: Tenant, directory: Path) -> None:
    """Import both accounts, the second with an edit, and run all stages over what came."""
    for me, secret in tenant.secrets.items():
        path = pipeline.write_export(directory / str(me), export_of(me, secret, is_edited=me == EVA), FILES)
        pipeline.import_path(path, tenant.slug)
    feeds = [row[0] for row in pipeline.rows(tenant.slug, "SELECT key FROM feeds ORDER BY 1")]
    stages = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(tenant.id) as session:
        for name, several in stages.items():
            for feed in feeds:
                for of in several:
                    run_stage(of, session, Scope(feed, SINCE, UNTIL))
            if name == "posts":  # exports do not say which post of a channel was forwarded
                with session.transaction() as connection:
                    connection.execute(
                        text("UPDATE messages SET forward_from_message_id = 12 WHERE id = :id"),
                        {"id": tenant.post(GARDEN, 7)},
                    )


def make_tenants(directory: Callable[[str], Path]) -> tuple[Tenant, Tenant]:
    """Both, in all stores; ``directory`` makes one for what is imported."""
    made = []
    for words in ({ADA: "ласточка", EVA: "черника"}, {ADA: "подсолнух", EVA: "земляника"}):
        tenant = Tenant(pipeline.new_tenant(), words)
        land(tenant, directory("exports"))
        made.append(tenant)
    return made[0], made[1]
