"""Store equals world: whatever happens in Telegram and to us, in any order, in the end everything is as it is there."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
from telethon.tl.functions.messages import GetHistoryRequest
from telethon.tl.functions.updates import GetChannelDifferenceRequest, GetDifferenceRequest

from tests.live.support import Live
from tests.support import pipeline
from tests.support.telegram import loopback
from tests.telegram_server import FloodWait, World
from tests.telegram_server.boxes import Message
from tests.updates.support import QUICK, Listening
from tg_assets import ids
from tg_assets.history.pull import Puller
from tg_assets.history.sweep import Sweep
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=30)
EXAMPLES = int(os.environ.get("TG_MACHINE_EXAMPLES", "8"))
STEPS = 14
WAITING = (GetHistoryRequest, GetChannelMessagesRequest, GetDifferenceRequest, GetChannelDifferenceRequest)

chats = st.sampled_from(["news", "talk", "dm", "circle"])
picks = st.integers(0, 1 << 30)
announced = st.booleans()


class Life(RuleBasedStateMachine):
    """An account's Telegram: a channel, a supergroup, a private chat and a small group; a listener that may be off."""

    redis: Any
    directory: Path

    @initialize()
    def begin(self) -> None:
        """A day of history, followed and sideloaded; the listener runs."""
        self.world = world = World()
        self.me, self.ada = world.user("Me", username="me"), world.user("Ada", username="ada")
        self.chats: dict[str, Any] = {
            "news": world.channel("News", [self.me], username="news"),
            "talk": world.supergroup("Talk", [self.me, self.ada]),
            "dm": self.me,
            "circle": world.group("Circle", [self.me, self.ada]),
        }
        self.sent: list[Message] = []
        self.context = loopback(world, pipeline.new_tenant(), self.directory)
        self.loop = self.context.__enter__()
        self.live = Live(self.redis, self.loop.tenant)
        self.listener: Listening | None = None
        for name in self.chats:
            self.post(name, False)
        self.loop.log_in(self.me, "me", sessions=2)
        self.feeds = {*self.loop.follow().feeds, *self.loop.sideload().feeds}
        self.restart()

    def _send(self, name: str, text: str, **fields: Any) -> None:
        sender = None if name == "news" else self.ada
        self.sent.append(self.world.send(self.chats[name], text, sender=sender, **fields))

    def _alive(self, pick: int) -> Message:
        found = [message for message in self.sent if not self._gone(message)]
        return found[pick % len(found)]

    def _gone(self, message: Message) -> bool:
        return not any(message is other for other in self._boxes().values())

    def _boxes(self) -> dict[tuple[str, int], Message]:
        """Every message that is there now, by chat and id, as the account sees it."""
        found = {
            (name, number): message
            for name in ("news", "talk")
            for number, message in self.chats[name].box.messages.items()
        }
        for number, message in self.me.box.messages.items():
            found["circle" if message.chat is self.chats["circle"] else "dm", number] = message
        return found

    @rule(name=chats, announce=announced)
    def post(self, name: str, announce: bool) -> None:
        self._send(name, f"post {len(self.sent)} in {name}", announce=announce)

    @rule(name=chats, pick=picks)
    def reply(self, name: str, pick: int) -> None:
        there = [message for (chat, _), message in self._boxes().items() if chat == name]
        self._send(name, f"reply {len(self.sent)}", reply_to=there[pick % len(there)] if there else None)

    @rule(pick=picks, name=chats)
    def forward(self, pick: int, name: str) -> None:
        source = self._alive(pick)
        sender = None if name == "news" else self.ada
        found = self.world.forward(source, self.chats[name], sender=sender)
        self.sent += found if isinstance(found, list) else [found]

    @rule(name=st.sampled_from(["news", "talk"]), size=st.integers(2, 4))
    def album(self, name: str, size: int) -> None:
        files = [self.world.photo(f"{len(self.sent)} {number}".encode()) for number in range(size)]
        sender = None if name == "news" else self.ada
        self.sent += self.world.album(self.chats[name], files, f"album {len(self.sent)}", sender=sender)

    @rule(pick=picks, announce=announced)
    def edit(self, pick: int, announce: bool) -> None:
        self.world.edit(self._alive(pick), f"edited {pick}", announce=announce)

    @rule(pick=picks, announce=announced)
    def delete(self, pick: int, announce: bool) -> None:
        if len(self._boxes()) > 4:
            self.world.delete(self._alive(pick), announce=announce)

    @rule()
    def disconnect(self) -> None:
        self.loop.server.cut_connections()

    @rule(kind=st.sampled_from(WAITING))
    def flood(self, kind: type) -> None:
        self.loop.server.fault(kind, FloodWait(1))

    @precondition(lambda self: self.listener)
    @rule()
    def stop(self) -> None:
        assert self.listener
        self.listener.stop()
        self.listener = None

    @precondition(lambda self: not self.listener)
    @rule()
    def restart(self) -> None:
        self.listener = Listening([self.loop], self.redis).start()

    @rule()
    def import_export(self) -> None:
        """What a person exports from Telegram Desktop at this moment."""
        news = self.chats["news"]
        messages = [
            {
                "id": number, "type": "message", "date": f"{one.date:%Y-%m-%dT%H:%M:%S}", "from": "News",
                "date_unixtime": str(int(one.date.timestamp())), "from_id": f"channel{news.id}",
                "text": one.text, "text_entities": [{"type": "plain", "text": one.text}] if one.text else [],
            }
            for number, one in sorted(news.box.messages.items()) if one.media is None
        ]  # fmt: skip
        export = {"name": "News", "type": "public_channel", "id": news.id, "messages": messages}
        pipeline.import_path(pipeline.write_export(self.directory / "export", export), self.loop.tenant)

    def teardown(self) -> None:
        """Stop listening; make up for what nobody announced; work on what is stale; compare."""
        try:
            if not hasattr(self, "feeds"):
                return
            if self.listener is None:
                self.restart()
            assert self.listener
            self.listener.stop()
            self.loop.server.faults.clear()
            self.live.drain()
            self._make_up()
            self._compare()
        finally:
            if getattr(self, "listener", None):
                self.listener.stop()
            if hasattr(self, "context"):
                self.context.__exit__(None, None, None)

    def _make_up(self) -> None:
        loop, configured = self.loop, load_settings()
        for feed in self.feeds:
            loop.pull(feed, START.date(), END.date(), force=True)
        puller = Puller(pipeline.postgres(), configured, loop.id, loop.tenant, loop.said.append)
        asyncio.run(Sweep(puller).run())
        stages = pipeline.prepared_stages(pipeline.tools())
        with pipeline.postgres().tenant(loop.id) as session:
            for feed in self.feeds:
                for group in stages.values():
                    for stage in group:
                        run_stage(stage, session, Scope(feed, START, END))

    def _compare(self) -> None:
        loop = self.loop
        expected: dict[str, str] = {}
        albums: dict[int, list[tuple[int, str]]] = {}
        for (name, number), one in sorted(self._boxes().items(), key=lambda item: item[0]):
            expected[self._post(name, number)] = one.text
            if one.grouped_id:
                albums.setdefault(one.grouped_id, []).append((number, one.text))
        captions = {key: next((text for _, text in found if text), None) for key, found in albums.items()}
        rows = loop.rows("SELECT id, content, reply_to_message_id FROM messages WHERE deleted_at IS NULL")
        assert {str(row.id): row.content for row in rows} == expected
        items = loop.rows(
            """SELECT g.grouped_id, g.caption_text, array_agg(m.telegram_message_id ORDER BY i.position) AS numbers
               FROM media_groups g JOIN media_group_items i ON i.group_id = g.id JOIN messages m ON m.id = i.post_id
               WHERE g.deleted_at IS NULL AND i.deleted_at IS NULL GROUP BY 1, 2"""
        )
        assert {row.grouped_id: (row.numbers, row.caption_text) for row in items} == {
            key: ([number for number, _ in found], captions[key]) for key, found in albums.items()
        }
        with pipeline.qdrant().tenant(loop.id) as index, pipeline.neo4j().tenant(loop.id) as graph:
            words = {post for post, text in expected.items() if text}
            assert set(index.payloads(list(expected))) == words
            lines = {"key": "kind", "match": {"any": ["post", "album"]}}
            assert index.count(lines) == len(words) + sum(caption is not None for caption in captions.values())
            nodes = graph.read("MATCH (p:Post {tenant_id: $tenant}) WHERE p.placeholder = false RETURN p.post_id AS id")
        assert {node["id"] for node in nodes} == set(expected)
        assert not loop.errors()

    def _post(self, name: str, number: int) -> str:
        """Id of the post that a message has to be."""
        marked = {"news": self.chats["news"].marked_id, "talk": self.chats["talk"].marked_id, "dm": self.ada.id,
                  "circle": self.chats["circle"].marked_id}[name]  # fmt: skip
        owner = 0 if name in ("news", "talk") else self.me.id
        return str(ids.post_id(ids.channel_id(self.loop.id, marked, owner), number))


def test_store_equals_world(
    servers: dict[str, str], redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts, edits, deletions, albums, forwards, replies, cuts, floods, restarts and imports, announced or not."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    machine: Callable[[], Life] = type("Machine", (Life,), {"redis": redis, "directory": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck), database=None, print_blob=True,
        ),
    )  # fmt: skip
