"""``tg-assets produce``: a file of events, or an export as live traffic."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import pytest
from click.testing import CliRunner, Result
from redis import Redis

from tests.support import pipeline
from tests.support.data import ROOT
from tests.telegram.exports import chat, encode, message
from tg_assets import ids
from tg_assets.cli import cli, runtime
from tg_assets.errors import TgAssetsError
from tg_assets.events.streams import decode
from tg_assets.registry.channels import register_tenant
from tg_assets.stores.objects import ObjectStore

PARSED, DELETED = "stream:posts:parsed", "stream:posts:deleted"
SAMPLE = ROOT / "samples" / "export"
POST = {
    "tenant_id": "t",
    "tg_channel_id": 42,
    "telegram_message_id": 1,
    "text": "x",
    "posted_at": "2025-01-01T00:00:00Z",
}

Run = Callable[..., Result]


@pytest.fixture
def redis(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A database that only these tests use, empty; the command finds it."""
    url = urlsplit(servers["TG_REDIS_URL"])._replace(path="/8").geturl()
    monkeypatch.setenv("TG_REDIS_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    runtime.settings.cache_clear()
    with Redis.from_url(url) as client:
        client.flushdb()
        yield client
        client.flushdb()
    runtime.settings.cache_clear()


@pytest.fixture
def produce(redis: Any) -> Run:
    """Runs the command; what it raises is in ``exception``."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, ["produce", *map(str, arguments)])

    return run


def must(result: Result) -> str:
    if result.exception:
        raise result.exception
    return result.output


def sent(redis: Any, stream: str = PARSED) -> list[Any]:
    return [decode(stream, fields[b"data"]) for _, fields in redis.xrange(stream)]


def write_lines(path: Path, *lines: Any) -> Path:
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines))
    return path


def test_events_of_a_file_are_sent(produce: Run, redis: Any, tmp_path: Path) -> None:
    """In order, to their streams; a tenant that is not named is the one given. The table has first and last ids."""
    path = write_lines(
        tmp_path / "events",
        {"stream": PARSED, "data": POST},
        {"stream": PARSED, "data": {key: value for key, value in POST.items() if key != "tenant_id"}},
        b"",
        {"stream": DELETED, "data": {"tenant_id": "t", "tg_channel_id": 42, "telegram_message_ids": [1]}},
    )
    output = must(produce(path, "--tenant", "other"))
    assert [event.tenant_id for event in sent(redis)] == ["t", "other"]
    assert [event.message_ids for event in sent(redis, DELETED)] == [(1,)]
    first, last = (entry.decode() for entry, _ in redis.xrange(PARSED))
    (shown,) = [line for line in output.splitlines() if PARSED in line]
    assert [word for word in shown.split() if word != "│"] == [PARSED, "2", first, last]


def test_events_of_nobody_that_is_registered_are_told(produce: Run, redis: Any, tmp_path: Path) -> None:
    """They are sent, for whoever reads them may know that tenant; here they become dead letters."""
    slug = pipeline.new_tenant()
    with pipeline.postgres().tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        register_tenant(connection, slug)
    names = (slug, str(ids.tenant_id(slug)), "nosuch", "nosuch", str(UUID(int=7)))
    path = write_lines(tmp_path / "events", *({"stream": PARSED, "data": {**POST, "tenant_id": one}} for one in names))
    output = " ".join(must(produce(path)).split())
    assert len(sent(redis)) == 5
    assert "There is no tenant nosuch: 2 events of it become dead letters. `tg-assets tenants add nosuch`" in output
    assert f"There is no tenant {UUID(int=7)}: 1 event of it" in output
    assert f"no tenant {slug}" not in output
    assert output.count("There is no tenant") == 2


def test_a_producer_needs_no_database(
    produce: Run, redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(tmp_path / "events", {"stream": PARSED, "data": POST})
    monkeypatch.setenv("TG_POSTGRES_URL", "postgresql+psycopg2://tg_app:secret@127.0.0.1:9/x")
    runtime.settings.cache_clear()
    assert "cannot be told: PostgreSQL does not answer" in must(produce(path))
    assert len(sent(redis)) == 1


def test_a_bad_line_stops_everything_unless_skipped(produce: Run, redis: Any, tmp_path: Path) -> None:
    """It is told with its number."""
    path = write_lines(
        tmp_path / "events.jsonl",
        {"stream": PARSED, "data": POST},
        {"stream": PARSED, "data": {**POST, "telegram_message_id": "x"}},
        b"{",
        {"stream": "stream:else", "data": {}},
        [1],
    )
    done = produce(path)
    assert isinstance(done.exception, TgAssetsError)
    assert "4 of 5 lines of events.jsonl are not usable, so nothing was sent" in str(done.exception)
    assert "line 2: PostParsedEventV1: telegram_message_id" in done.output
    assert "line 4: there is no stream of this name" in done.output
    assert sent(redis) == []
    must(produce(path, "--skip-bad"))
    assert [event.telegram_message_id for event in sent(redis)] == [1]


def test_an_export_is_replayed(produce: Run, redis: Any) -> None:
    """Every message that an import would land, with albums, and media that are in the store already."""
    output = must(produce(SAMPLE, "--tenant", "replayed", "--owner", 510001001))
    events = sent(redis)
    assert len(events) == 425
    assert "Not sent: 1 × a kind of message" in output
    expected = json.loads((ROOT / "samples" / "expected.json").read_text("utf-8"))["chats"]
    albums = {(event.chat_title, event.grouped_id) for event in events if event.grouped_id is not None}
    assert len(albums) == sum(found["albums"] for found in expected.values())
    assert {event.tenant_id for event in events} == {"replayed"}
    assert {event.chat.source for event in events} == {"channel", "group", "dm"}
    assert {event.chat.owner_id for event in events if event.source == "dm"} == {510001001}
    stored = [medium for event in events for medium in event.media if medium.sha256]
    objects = ObjectStore(url=runtime.settings().require("objects_url"))
    assert len(stored) > 50
    assert all(objects.exists(medium.s3_key) for medium in stored)


def test_a_replay_can_be_narrowed(produce: Run, redis: Any) -> None:
    """By chat and by time, the end excluded."""
    must(produce(SAMPLE, "--chat", "Северный маяк"))
    every = sent(redis)
    assert {event.chat_title for event in every} == {"Северный маяк"}
    middle = every[len(every) // 2].posted_at
    redis.flushdb()
    must(produce(SAMPLE, "--chat", "Северный маяк", "--since", middle.isoformat()))
    late = sent(redis)
    redis.flushdb()
    must(produce(SAMPLE, "--chat", "Северный маяк", "--until", middle.isoformat()))
    assert len(sent(redis)) + len(late) == len(every)
    assert min(event.posted_at for event in late) == middle


def test_a_rate_is_kept(produce: Run, redis: Any, tmp_path: Path) -> None:
    lines = [{"stream": PARSED, "data": {**POST, "telegram_message_id": number}} for number in range(1, 41)]
    started = time.monotonic()
    must(produce(write_lines(tmp_path / "events.jsonl", *lines), "--rate", 40))
    assert time.monotonic() - started > 0.9
    assert [event.telegram_message_id for event in sent(redis)] == list(range(1, 41))
    first, *_, last = (int(entry.partition(b"-")[0]) for entry, _ in redis.xrange(PARSED))
    assert last - first > 800


def test_what_cannot_be_sent_is_a_sentence(produce: Run, redis: Any, tmp_path: Path) -> None:
    """A chat that is not there, an account that is not known, a path that leads nowhere, a zone that is none."""
    nobody = tmp_path / "result.json"
    nobody.write_bytes(encode(chat(message(), type="personal_chat", id=7)))
    for arguments, said in (
        ((SAMPLE, "--chat", "Юг"), "1 of the chats that were asked for"),
        ((nobody,), "--owner"),
        ((tmp_path / "none",), "no file or folder"),
        ((SAMPLE, "--timezone", "Mars"), "not a time zone"),
        ((SAMPLE, "--since", "вчера"), "--since"),
    ):
        done = produce(*arguments)
        assert isinstance(done.exception, TgAssetsError), done.output
        assert said in str(done.exception)
    assert redis.keys() == []


def test_an_empty_file_is_told(produce: Run, tmp_path: Path) -> None:
    assert "Nothing was sent." in must(produce(write_lines(tmp_path / "empty.jsonl")))


def test_chats_with_login_codes_are_not_sent(produce: Run, redis: Any, tmp_path: Path) -> None:
    """Neither of a file of events nor of an export; it is told how many, and the others are."""
    code = {**POST, "tg_channel_id": 777000, "source": "dm", "owner_id": 5, "text": "84613"}
    path = write_lines(tmp_path / "events", {"stream": PARSED, "data": code}, {"stream": PARSED, "data": POST})
    assert "Not sent: 1 × of a chat that is never read" in must(produce(path))
    export = tmp_path / "result.json"
    export.write_bytes(encode(chat(message(1, text="84613"), type="verification_codes", id=489000)))
    assert "Not sent: 1 × of a chat that is never read" in must(produce(export, "--owner", 5))
    assert [event.text for event in sent(redis)] == ["x"]
