"""Every command that names a tenant refuses one that is not there, and says which are."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from tests.support.installation import Installation
from tests.support.pipeline import new_tenant
from tg_assets.cli import COMMANDS, cli, runtime
from tg_assets.cli.faults import explain
from tg_assets.errors import TgAssetsError

Run = Callable[..., tuple[int, str]]
NOWHERE = "postgresql+psycopg2://tg_dagster:secret@127.0.0.1:9/dagster"  # the discard port: nobody listens

# These make a tenant known, or send what somebody else takes in.
MAKERS = {"import", "login", "produce"}
ARGUMENTS = {
    "accounts remove": ["name"], "backfill": ["nosuch.feed", "2026-01-01..2026-01-02"], "context": ["маяк"],
    "coverage": ["nosuch.feed"], "dead-letters replay": ["--all", "--yes"], "dead-letters show": ["0" * 36],
    "message": ["-1001/2"], "pictures": ["маяк"], "rebuild": ["qdrant"], "saved ask": ["token", "spread"],
    "saved remove": ["00000000-0000-0000-0000-000000000000"], "saved retry": ["00000000-0000-0000-0000-000000000000"],
    "saved search": ["token", "маяк"], "search": ["маяк"], "similar": ["-1001/2"], "suggest": ["мая"],
    "tokens add": ["name"], "tokens revoke": ["name"], "ask": ["most-forwarded"], "accounts limit": ["--all"],
}  # fmt: skip


@dataclass
class Keys:
    """A Dagster that knows these tenants."""

    slugs: Sequence[str]

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        return self.slugs


def asking() -> Iterator[str]:
    """Commands that name a tenant, by an option or by a feed."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        inner = command.commands if isinstance(command, click.Group) else {}
        for words, one in ((name, command), *((f"{name} {below}", found) for below, found in inner.items())):
            options = {option for parameter in one.params for option in parameter.opts} if one else set()
            if "--tenant" in options and name not in MAKERS:
                yield words
    yield "coverage"


@pytest.fixture
def run(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What a command says of the installation, and its exit code."""
    for name, value in installed.variables.items():
        monkeypatch.setenv(name, value)
    runtime.settings.cache_clear()

    def ran(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, words)
        told = explain(done.exception) if done.exception and not isinstance(done.exception, SystemExit) else ""
        return done.exit_code, done.output + told

    return ran


@pytest.mark.parametrize("command", list(asking()))
def test_a_tenant_that_is_not_there_is_refused(run: Run, command: str) -> None:
    """And the others are told."""
    name, _, below = command.partition(" ")
    words = [name, *below.split(), *ARGUMENTS.get(command, ())]
    code, said = run(*words, *(() if command == "coverage" else ("--tenant", "nosuch")))
    assert code == 1
    assert re.search(r"There is no tenant nosuch; known: .*demo", said), said


def test_a_tenant_that_has_nothing_yet_is_no_error(run: Run, installed: Installation) -> None:
    slug = new_tenant()
    installed.must("tenants", "add", slug)
    for words, told in ((("search", "маяк"), "Nothing found."), (("tokens",), "No tokens."), (("feeds",), "No feeds")):
        code, said = run(*words, "--tenant", slug)
        assert code == 0, said
        assert told in said


def test_of_many_tenants_some_are_told(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how the others are listed; where there is none, or Dagster does not tell, that is said."""
    for name, value in installed.variables.items():
        monkeypatch.setenv(name, value)
    runtime.settings.cache_clear()
    monkeypatch.setattr(runtime, "keys", lambda: Keys([f"t{number:02}" for number in range(13)]))
    with pytest.raises(TgAssetsError, match=r"known: t00, .*, t09 and 3 more \(`tg-assets tenants`\)\. Name one by"):
        runtime.registered("nosuch")
    monkeypatch.setattr(runtime, "keys", lambda: Keys([]))
    with pytest.raises(TgAssetsError, match="nor any other: `tg-assets import PATH`"):
        runtime.registered("nosuch")
    monkeypatch.undo()
    monkeypatch.setenv("TG_POSTGRES_URL", installed.variables["TG_POSTGRES_URL"])
    monkeypatch.setenv("TG_DAGSTER_POSTGRES_URL", NOWHERE)
    runtime.settings.cache_clear()
    with pytest.raises(TgAssetsError, match=r"There is no tenant nosuch\. .*TG_DAGSTER_POSTGRES_URL"):
        runtime.registered("nosuch")
