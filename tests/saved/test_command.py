"""``tg-assets saved``: makes, lists and removes questions of tokens, and says how it goes to tell them."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.saved.conftest import World
from tests.support import pipeline
from tests.telegram.exports import message
from tg_assets.cli import cli, runtime
from tg_assets.cli.faults import explain
from tg_assets.errors import TgAssetsError

Say = Callable[..., str]


@pytest.fixture
def say(world: World, monkeypatch: pytest.MonkeyPatch) -> Say:
    """What the command prints."""
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("TG_SERVE_PORT", "18002")
    runtime.settings.cache_clear()

    def said(*arguments: str) -> str:
        command = ["saved", "--tenant", world.slug, *arguments]
        return str(CliRunner().invoke(cli, command, catch_exceptions=False, standalone_mode=False).stdout)

    return said


def test_a_search_is_made_listed_and_removed(say: Say, world: World) -> None:
    """Secrets are printed once, and the whole address of the feed."""
    assert "Nothing is saved" in say()
    webhook = "https://hooks.example.org/very-secret-path"
    made = say("search", "laptop", "насос в подвале", "--feed", f"{world.slug}.sad", "--webhook", webhook)
    told = dict(line.split(": ", 1) for line in made.splitlines())
    assert told["webhook secret"].startswith("whsec_")
    address = f"http://127.0.0.1:18002/api/v1/saved/{told['id']}/atom?key=tgs_"
    assert told["feed"].startswith(address)
    (one,) = json.loads(say("--json"))["items"]
    assert (one["id"], one["token"], one["name"], one["matches"]) == (told["id"], "laptop", "насос в подвале", 0)
    assert (one["asked"]["feeds"], one["telling"]) == ([f"{world.slug}.sad"], "fine")
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE saved_questions SET gave_up_at = now()"))
    listed = say()
    assert "hooks.example.org: given up" in listed
    assert not any(secret in listed + say("--json") for secret in ("very-secret-path", told["webhook secret"], "tgs_"))
    say("retry", told["id"])
    assert "hooks.example.org: fine" in say()
    say("remove", told["id"])
    assert "Nothing is saved" in say()


def test_a_question_is_made(say: Say, world: World) -> None:
    world.come(message(9, text="новости", forwarded_from="Порт", forwarded_from_id="channel77"))
    say("ask", "laptop", "first-forwarders", "--source", "Порт", "--name", "Порт")
    (one,) = json.loads(say("--json"))["items"]
    assert (one["name"], one["asked"]["parameters"]) == ("Порт", {"source": "Порт"})


def test_a_setting_that_would_allow_it_is_named(say: Say) -> None:
    """Here, to whoever can set it."""
    with pytest.raises(TgAssetsError) as raised:
        say("search", "laptop", "насос", "--webhook", "https://10.0.0.1/")
    assert "TG_" not in str(raised.value)
    assert explain(raised.value).endswith("allows its host. The setting is TG_WEBHOOK_HOSTS.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "nobody", "насос"),
        ("search", "laptop", "?!"),
        ("search", "laptop", "насос", "--webhook", "https://10.0.0.1/"),
        ("search", "laptop", "насос", "--since", "yesterday"),
        ("search", "laptop", "a\0b"),
        ("ask", "laptop", "why"),
        ("remove", "00000000-0000-0000-0000-000000000000"),
        ("retry", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_what_cannot_be_is_a_sentence(say: Say, arguments: tuple[str, ...]) -> None:
    with pytest.raises(TgAssetsError) as raised:
        say(*arguments)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    "command", ["tokens add", "tokens revoke", "saved search", "saved ask", "saved remove", "saved retry"]
)
def test_the_tenant_is_named_before_or_after_the_command(command: str) -> None:
    """As the docs write it, either way."""
    said = CliRunner().invoke(cli, [*command.split(), "--help"]).stdout
    assert "--tenant TEXT" in said
