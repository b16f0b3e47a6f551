"""``dead-letters``: what could not be applied is listed with its reason, shown whole, and goes back on its stream."""

import json
import shutil
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.live.support import PARSED, Live
from tests.support import pipeline
from tests.support.data import ROOT
from tests.telegram.exports import chat, message
from tg_assets.cli import cli, runtime
from tg_assets.cli.each_tenant import NOBODY
from tg_assets.errors import TgAssetsError
from tg_assets.events.streams import dlq_of

Run = Callable[..., Result]


@pytest.fixture
def run(live: Live, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command for the live tenant."""
    monkeypatch.setenv("COLUMNS", "200")
    runtime.settings.cache_clear()

    def run(*arguments: str, tenant: str | None = None, answer: str | None = None) -> Result:
        named = ["dead-letters", *arguments, "--tenant", tenant or live.tenant]
        return CliRunner().invoke(cli, named, input=answer)

    return run


def must(done: Result) -> str:
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    return done.output


def poison(live: Live, number: int = 1) -> str:
    """An event of the tenant that cannot be applied; its entry."""
    (entry,) = live.send({"tenant_id": live.tenant, "telegram_message_id": number, "text": "secret \x9b words"})
    return entry


def rejected(live: Live) -> dict[str, str]:
    """Ids of letters by entry."""
    return {row.entry: str(row.id) for row in live.rows("SELECT id, entry FROM dead_letters")}


def test_letters_are_listed_with_their_reasons_and_not_their_words(live: Live, run: Run) -> None:
    entry = poison(live)
    live.send(live.event(1))
    live.drain()
    said = must(run("list"))
    (line,) = [line for line in said.splitlines() if entry in line]
    assert line.split()[:4] == [rejected(live)[entry][:8], live.tenant, "posts:parsed", entry]
    assert "posted_at" in line or "Field required" in line
    assert "secret" not in said


def test_a_letter_is_shown_whole(live: Live, run: Run) -> None:
    """By the beginning of its id and by its entry; what would steer a terminal is escaped."""
    entry = poison(live)
    live.drain()
    letter = rejected(live)[entry]
    for name in (letter[:8], letter, entry):
        said = must(run("show", name))
        assert "source: stream:posts:parsed" in said
        assert "\x9b" not in said
        shown = json.loads(said.partition("payload:\n")[2])
        assert shown == {"tenant_id": live.tenant, "telegram_message_id": 1, "text": "secret \x9b words"}


def test_letters_that_cannot_be_named_are_told(run: Run) -> None:
    for name, said in (("abc", "too short"), ("00000000", "no dead letter")):
        done = run("show", name)
        assert isinstance(done.exception, TgAssetsError)
        assert said in str(done.exception)


def test_a_replayed_letter_is_applied_once_the_cause_is_mended(live: Live, run: Run) -> None:
    """A tenant that was not registered yet: its events wait as nobody's letters, and become messages."""
    slug = pipeline.new_tenant()
    entries = live.send(*(live.event(number, tenant_id=slug) for number in (1, 2)))
    live.drain()
    stranger = Live(live.redis, slug)
    stranger.register()
    assert all(entry in must(run("list", tenant=NOBODY)) for entry in entries)
    assert "2 to stream:posts:parsed" in must(run("replay", *entries, tenant=NOBODY))
    live.drain()
    assert stranger.numbers() == [1, 2]
    assert not any(entry in must(run("list", tenant=NOBODY)) for entry in entries)
    again = must(run("list", "--all", tenant=NOBODY))
    assert all(entry in again for entry in entries)
    assert "(replayed)" in again


def test_what_still_cannot_be_applied_is_a_letter_again(live: Live, run: Run) -> None:
    first = poison(live)
    live.drain()
    must(run("replay", first))
    live.drain()
    (second,) = rejected(live).keys() - {first}
    assert second in must(run("list"))
    assert first not in must(run("list"))
    assert live.redis.xlen(dlq_of(PARSED)) == 2


# What reading and writing as JSON would change, or cannot be written as JSON at all.
EXACT: tuple[dict[bytes, bytes], ...] = (
    {b"data": b'{"tenant_id": "%s", "n": 18446744073709551617, "n": 1.10, "t":"\\u0000\\u0041"}'},
    {b"data": b'{"tenant_id":"%s","t":"\xff\x00\xed\xa0\x80"}'},
    {b"data": b'{"tenant_id":"%s","t":NaN,"deep":' + b"[" * 5000},
    {b"body": b'{"tenant_id":"%s"}', b"\xff\x00": b"", b"": b"\\x41"},
    {b"data": b""},
    {b"data": b"{" + b"x" * 2_000_000},
)


def test_a_replay_sends_what_came_byte_for_byte(live: Live, run: Run) -> None:
    """And whoever follows the dead letters of a stream can have the bytes, too."""
    sent = [{name: value.replace(b"%s", live.tenant.encode()) for name, value in one.items()} for one in EXACT]
    entries = [live.redis.xadd(PARSED, fields).decode() for fields in sent]
    live.drain()
    for owner in (live.tenant, NOBODY):
        listed = must(run("list", tenant=owner))
        for entry in entries:
            if entry in listed:
                must(run("show", entry, tenant=owner))
                must(run("replay", entry, tenant=owner))
    again = [fields for _, fields in live.redis.xrange(PARSED, f"({entries[-1]}")]
    assert sorted(map(str, again)) == sorted(map(str, sent))
    for _, letter in live.redis.xrange(dlq_of(PARSED)):
        told = json.loads(letter[b"data"])
        fields = sent[entries.index(told["entry"])]
        if "base64" in told:
            assert [b64decode(value) for value in told["base64"].values()] == list(fields.values())
        elif "bytes" not in told:
            assert told["data"].encode() == fields[b"data"]


def test_an_integer_beyond_64_bits_in_a_senders_own_field_is_no_reason_to_lose_a_message(live: Live) -> None:
    live.send(live.event(1))
    for number, field in enumerate(("entities", "mine", "author_peer_id"), 2):
        value = {"n": 5, "id": "@"} if field != "entities" else [{"type": "bold", "n": "@"}]
        said = json.dumps(live.event(number, **{field: value}))
        live.raw(said.replace('"@"', "18446744073709551617").encode())
        live.raw(said.replace('"@"', "1e400").replace(f"message {number}", "another").encode())
    live.drain()
    live.refresh()
    assert live.letters() == {}
    assert live.numbers() == [1, 2, 3, 4]
    live.rows("UPDATE derivations SET version = '' WHERE stage = 'posts' RETURNING 1")
    assert live.backfill()["posts"].done == 4


def test_replaying_all_asks_first(live: Live, run: Run) -> None:
    for number in (1, 2, 3):
        poison(live, number)
    live.drain()
    assert run("replay", "--all", answer="n\n").exit_code == 1
    before = live.redis.xlen(PARSED)
    assert "3 to stream:posts:parsed" in must(run("replay", "--all", answer="y\n"))
    assert live.redis.xlen(PARSED) == before + 3
    assert "Nothing was replayed." in must(run("replay", "--all", "--yes"))


def test_letters_or_all_and_not_both(run: Run) -> None:
    for arguments in ((), ("12345678", "--all")):
        done = run("replay", *arguments)
        assert done.exit_code == 2
        assert "Name letters, or say --all." in done.output


def test_a_letter_of_an_import_cannot_be_replayed(live: Live, run: Run, tmp_path: Path) -> None:
    pipeline.import_path(pipeline.write_export(tmp_path, chat(message(1), message(2, type="unsupported"))), live.tenant)
    ((letter,),) = live.rows("SELECT id FROM dead_letters")
    for arguments in (("replay", str(letter)), ("replay", "--all", "--yes")):
        said = must(run(*arguments))
        assert "1 of them came from an import and cannot be replayed" in said
        assert "Nothing was replayed." in said
    assert must(run("list")).count(str(letter)[:8]) == 1


def test_another_tenant_finds_nothing(live: Live, run: Run, another: Callable[[], Live]) -> None:
    entry = poison(live)
    live.drain()
    other = another().tenant
    assert "No dead letters." in must(run("list", tenant=other))
    assert isinstance(run("show", entry, tenant=other).exception, TgAssetsError)


def test_without_dagster_a_tenant_has_to_be_named(
    live: Live, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is Dagster that knows the tenants; with a name its database is not asked."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("TG_DAGSTER_POSTGRES_URL", "postgresql+psycopg2://tg:x@127.0.0.1:9/dagster")
    done = CliRunner().invoke(cli, ["dead-letters", "list"])
    assert isinstance(done.exception, TgAssetsError)
    assert "TG_DAGSTER_POSTGRES_URL" in str(done.exception)
    assert "name one with --tenant" in str(done.exception)
    assert "No dead letters." in must(run("list"))
