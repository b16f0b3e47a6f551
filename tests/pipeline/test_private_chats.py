"""Imported private chats in the graph: what a rebuild gives, what is told again, what a name changes."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipeline.test_changes import said
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets import ids

ADA, EVA, PEER = 900, 901, 500
DAYS = ("2023-05-01", "2023-05-02")
SELECTION = ["posts", "media_groups", "neo4j_nodes"]


def by(person: int, number: int, text: str, **fields: Any) -> dict[str, Any]:
    return said(number, text, **{"from": f"person {person}", "from_id": f"user{person}", **fields})


def export_of(me: int, *more: dict[str, Any], peer: str = "Борис") -> dict[str, Any]:
    """An account's direct messages with one person, and a small group in which both are."""
    direct = chat(by(PEER, 1, "привет"), by(me, 2, "здравствуй", reply_to_message_id=1), *more,
                  type="personal_chat", id=PEER, name=peer)  # fmt: skip
    small = chat(by(PEER, 3, "кто едет?"), by(me, 4, "я еду", forwarded_from="Порт", forwarded_from_id="channel77"),
                 type="private_group", id=77, name="Дача")  # fmt: skip
    return account(direct, small, user_id=me)


class Accounts:
    """Imports of several accounts into one tenant."""

    def __init__(self, tenant: str, directory: Path) -> None:
        self.tenant, self._directory, self._number = tenant, directory, 0

    def land(self, export: dict[str, Any], **config: Any) -> list[int]:
        """Import and materialize; how many items the graph's stage worked on, by chat."""
        self._number += 1
        path = pipeline.write_export(self._directory / str(self._number), export)
        return [self.run(report.feed, **config) for report in pipeline.import_path(path, self.tenant)]

    def run(self, feed: str, **config: Any) -> int:
        result = pipeline.materialize(feed, *DAYS, SELECTION, config=config)
        return int(pipeline.worked_on(result)["neo4j_nodes"])

    def feeds(self) -> list[str]:
        return [row.key for row in pipeline.rows(self.tenant, "SELECT key FROM feeds ORDER BY 1")]

    def told(self) -> list[dict[str, Any]]:
        """Events about the graph that wait to be sent."""
        rows = pipeline.rows(
            self.tenant, "SELECT data FROM outbox WHERE stream = 'stream:persona:graph:updated' ORDER BY seq"
        )
        return [orjson.loads(row.data) for row in rows]

    def graph(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with pipeline.neo4j().tenant(ids.tenant_id(self.tenant)) as graph:
            return graph.read(query, **values)


@pytest.fixture
def accounts(tenant: str, tmp_path: Path) -> Accounts:
    made = Accounts(tenant, tmp_path)
    for me in (ADA, EVA):
        assert made.land(export_of(me)) == [2, 2]
    return made


def test_a_second_run_tells_nothing_and_a_rebuild_gives_the_same(accounts: Accounts) -> None:
    """Two accounts with the same person and in the same small group: nothing of theirs is one."""
    before, told = pipeline.graph_counts(accounts.tenant), accounts.told()
    assert (before["Persona"], before["Dialogue"], before["IN_DIALOGUE"], before["SENT_MESSAGE"]) == (2, 4, 8, 4)
    assert Counter(one["operation"] for one in told) == {
        "persona_created": 2, "dialogue_created": 4, "message_linked": 8,
    }  # fmt: skip
    assert [accounts.run(feed) for feed in accounts.feeds()] == [0, 0, 0, 0]
    assert accounts.told() == told
    accounts.graph("MATCH (n {tenant_id: $tenant}) DETACH DELETE n")
    assert [accounts.run(feed, force=True) for feed in accounts.feeds()] == [2, 2, 2, 2]
    assert pipeline.graph_counts(accounts.tenant) == before
    again = accounts.told()[len(told) :]
    assert {one["operation"] for one in again} == {"message_linked"}  # made again, told again, under its old key
    assert {one["idempotency_key"] for one in again} <= {one["idempotency_key"] for one in told}


def test_relations_between_messages_stay_inside_the_account(accounts: Accounts) -> None:
    """Not even placeholders are shared: replies of both accounts point at the first message of their own chat."""
    found = accounts.graph(
        """MATCH (a:Post {tenant_id: $tenant})-[:REPLIES_TO]->(b:Post)
           RETURN a.owner_id AS owner, b.owner_id AS other, b.post_id AS post ORDER BY owner"""
    )
    assert [(row["owner"], row["other"]) for row in found] == [(ADA, ADA), (EVA, EVA)]
    assert len({row["post"] for row in found}) == 2


def test_a_new_name_reaches_the_dialogue_with_its_next_message(accounts: Accounts) -> None:
    """And is told, for the dialogue alone; the account's name is that of its user, once there is one."""
    told = len(accounts.told())
    pipeline.rows(
        accounts.tenant,
        """WITH known AS (INSERT INTO identities (tenant_id, id, telegram_id)
                          VALUES (current_tenant(), current_tenant(), :me) RETURNING tenant_id, id)
           INSERT INTO users (tenant_id, id, identity_id, first_name, last_name)
           SELECT tenant_id, id, id, 'Ада', 'Л.' FROM known RETURNING 1""",
        me=ADA,
    )
    assert accounts.land(export_of(ADA, by(PEER, 9, "это мой новый ник"), peer="Боря")) == [1, 0]
    news = [(one["operation"], one["user_id"]) for one in accounts.told()[told:]]
    assert news == [("persona_created", "900"), ("dialogue_created", "900"), ("message_linked", "900")]
    peers = pipeline.ask(accounts.tenant, "dialogues", [ADA])
    assert sorted((row["chat"], row["type"], row["peer_id"]) for row in peers) == [
        ("Боря", "dm", PEER),
        ("Дача", "group", -77),
    ]
    names = accounts.graph("MATCH (p:Persona {tenant_id: $tenant}) RETURN p.name AS name ORDER BY p.user_id")
    assert [row["name"] for row in names] == ["Ада Л.", None]
