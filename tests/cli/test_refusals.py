"""What the ``tg-assets`` command says where it cannot do what it was told: one sentence, and an exit code."""

import gzip
from pathlib import Path

import pytest

from tests.support.commands import assert_refused, run_forked
from tests.support.installation import FEEDS, SAMPLE, Installation

NOWHERE = "postgresql+psycopg2://tg_dagster:secret@127.0.0.1:9/dagster"  # the discard port: nobody listens


@pytest.mark.parametrize(
    "arguments",
    [("feeds", "--tenant", "demo"), ("search",), ("backfill", "demo.nobody", "2026-01-01..2026-01-31")],
    ids=lambda arguments: arguments[0],
)
def test_a_forked_command_is_as_one_of_its_own(installed: Installation, arguments: tuple[str, ...]) -> None:
    """Most commands here are forked from a process that has loaded their libraries; they must not differ by that."""
    own = installed.finish(installed.start(*arguments))
    forked = run_forked(arguments, installed.environment, 900)
    assert (forked.returncode, forked.stdout, forked.stderr) == (own.returncode, own.stdout, own.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "no/such/export"), ("'export'", "path")),
        (("backfill", "demo.nobody", "2026-01-01..2026-01-31"), ("demo.nobody", *FEEDS)),
        (("backfill", FEEDS[0], "2026-01-01"), ("2026-01-01", "2024-01-01..2024-03-31")),
        (("backfill", FEEDS[0], "2026-02-30..2026-03-01"), ("2026-02-30",)),
        (("backfill", FEEDS[0], "2026-02-02..2026-02-01"), ("2026-02-02..2026-02-01", "ends before it begins")),
        (("search", "маяк", "--tenant", "demo", "--feed", "demo.mayak"), ("demo.mayak", "`tg-assets feeds`")),
        (("backfill", FEEDS[0], "2026-01-01..2026-01-02", "--asset", "poststamps"), ("poststamps", "posts")),
        (("search", "", "--tenant", "demo"), ("word",)),
        (("search", "маяк", "--tenant", "demo", "--since", "yesterday"), ("yesterday", "--since")),
    ],
)
def test_errors_are_one_sentence(installed: Installation, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_refused(installed.run(*arguments), *words)


def test_an_unknown_command_and_a_missing_argument_show_the_usage(installed: Installation) -> None:
    for arguments in (("frobnicate",), ("search",), ("backfill", FEEDS[0])):
        done = installed.run(*arguments)
        assert done.returncode == 2
        assert "Usage:" in done.stderr
        assert "Traceback" not in done.stderr
    assert "Is 'search' meant?" in installed.run("serch", "маяк").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("env",), ("feeds",), ("import", str(SAMPLE)), ("backfill", FEEDS[0], "2026-01-01..2026-01-02"),
        ("search", "маяк"), ("migrate",), ("status",), ("down",), ("watch", "--once"), ("doctor",),
        ("health",), ("serve", "--port", "0"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
@pytest.mark.parametrize("is_named", [True, False])
def test_without_servers_it_is_told_where_they_were_looked_for(
    installed: Installation, tmp_path: Path, arguments: tuple[str, ...], is_named: bool
) -> None:
    """How to start them, too; and nothing is made there."""
    place = tmp_path / ("new" if is_named else ".tg-assets")
    environment = {
        name: value for name, value in installed.environment.items() if name not in ("TG_DATA_DIR", "COLUMNS")
    }
    if is_named:
        environment["TG_DATA_DIR"] = str(place)
    done = run_forked(arguments, environment, 900, tmp_path)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == (0 if arguments == ("down",) else 1)
    assert f"in {place}" in said
    assert ("TG_DATA_DIR is not set, so this folder's" in said) is not is_named
    if arguments != ("watch", "--once"):
        assert "name its .tg-assets in TG_DATA_DIR; otherwise run `tg-assets up`" in said
    assert "Traceback" not in said
    assert "Page at" not in said
    assert not place.exists()


@pytest.mark.parametrize("command", ["feeds", "import", "backfill"])
def test_a_database_that_does_not_answer_is_named(installed: Installation, command: str) -> None:
    arguments = {"feeds": (), "import": (str(SAMPLE),), "backfill": (FEEDS[0], "2026-01-01..2026-01-02")}[command]
    done = installed.run(command, *arguments, TG_DAGSTER_POSTGRES_URL=NOWHERE)
    assert_refused(done, "TG_DAGSTER_POSTGRES_URL", "`tg-assets up`")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("messages.html", b"<!DOCTYPE html>secret", ("a page of HTML", "Machine-readable JSON")),
        ("result.json", b'[{"_": "Message", "message": "secret"}]', ("Telethon", "Machine-readable JSON")),
        ("result.json.gz", gzip.compress(b'{"id": 42, "messages": [1]}' * 99, mtime=0)[:40], ("cut short",)),
        ("export.zip", b"PK\x03\x04secret", ("cut short or damaged",)),
        ("result.json", b'{"id": 42, "type": "personal_chat", "messages": [{"from_id": "userMe"}]}', ("--owner",)),
    ],
)
def test_a_file_that_cannot_be_imported_is_a_sentence(
    installed: Installation, tmp_path: Path, name: str, data: bytes, words: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(data)
    done = installed.run("import", str(tmp_path / name), "--tenant", "nobody")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert all(word in said for word in words), said
    assert "secret" not in said
    assert "Traceback" not in said
