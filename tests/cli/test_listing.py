"""``--json`` of every command that lists: one envelope, nothing else on stdout, and what Dagster itself would say."""

import json
import os
from typing import Any

import dagster as dg
import pytest

from tests.support.installation import DIRECT, FEEDS, Installation
from tg_assets.partitions import FEEDS_NAME
from tg_assets.registry.tenants import known_feeds
from tg_assets.stores.dagster_keys import DagsterKeys

COMMANDS = {
    "tenants": {"tenant", "feeds"},
    "feeds --tenant demo --chats": {"feed", "messages", "parsed", "first", "last", "has_partitions", "chats"},
    "accounts": set[str](),
    f"coverage {FEEDS[2]}": {"chat", "counts", "stretches", "newest_id"},
    "dead-letters list --tenant demo": {"id", "stream", "entry", "reason", "created_at"},
    "status": {"server", "state", "process", "port", "log"},
    "watch --once": {"part", "seen", "away"},
    "search маяк --tenant demo": set[str](),
    "context маяк --tenant demo": set[str](),
    "verify --tenant demo": set[str](),
    "saved --tenant demo": set[str](),
    "pictures маяк --tenant demo": set[str](),
    "ask": {"name", "english", "russian", "parameters", "columns", "example"},
    "ask most-forwarded --tenant demo": set[str](),
}


def listed(installed: Installation, command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(installed.must(*command.split(), "--json"))
    return found


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_listing_is_an_object_of_items(installed: Installation, command: str) -> None:
    found = listed(installed, command)
    assert command.startswith(found["command"].split()[0])
    assert isinstance(found["items"], list)
    assert found["items"] or not COMMANDS[command]
    for item in found["items"]:
        assert COMMANDS[command] <= item.keys()


def test_an_error_is_on_stderr_and_nothing_on_stdout(installed: Installation) -> None:
    done = installed.run("coverage", "demo.nowhere", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no feed 'demo.nowhere'" in done.stderr


def test_names_of_private_chats_are_their_owners(installed: Installation) -> None:
    """As in the tables."""
    (feed,) = [one for one in listed(installed, "feeds --tenant demo --chats")["items"] if one["feed"] == DIRECT]
    assert feed["title"] is None
    assert [one["name"] for one in feed["chats"]] == [DIRECT.partition(".")[2]]
    (known,) = [
        one
        for one in listed(installed, "feeds --tenant demo --chats --owner 510001001")["items"]
        if one["feed"] == DIRECT
    ]
    assert known["title"]


def test_feeds_are_those_that_dagster_knows(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read from its database, without loading it."""
    for name, value in installed.variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        expected = known_feeds(instance)
        keys = DagsterKeys(os.environ["TG_DAGSTER_POSTGRES_URL"])
        assert known_feeds(keys) == expected
        assert list(keys.get_dynamic_partitions(FEEDS_NAME)) == list(instance.get_dynamic_partitions(FEEDS_NAME))
    assert set(FEEDS) <= set(expected)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_one_line(installed: Installation, shell: str) -> None:
    """As the README has it."""
    done = installed.run(_TG_ASSETS_COMPLETE=f"{shell}_source")
    assert "_TG_ASSETS_COMPLETE" in done.stdout
