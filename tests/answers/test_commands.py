"""The commands over the library: what people read, what programs get, and errors that are sentences."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.answers.conftest import ADA, GARDEN, KITCHEN, Tenant
from tests.answers.test_answering import label_of, says
from tests.support import pipeline
from tests.support.model_server import ModelServer
from tg_assets.answers.judgements import judge
from tg_assets.answers.tokens import text_tokens
from tg_assets.cli import cli, runtime
from tg_assets.errors import NoSuch, TgAssetsError

Say = Callable[..., str]
QUESTION = "кто чинил насос в подвале?"


@pytest.fixture
def say(mine: Tenant) -> Say:
    """What a command prints, of the first tenant."""
    runtime.settings.cache_clear()

    def said(*arguments: str) -> str:
        command = [*arguments, "--tenant", mine.slug]
        return str(CliRunner().invoke(cli, command, catch_exceptions=False, standalone_mode=False).stdout)

    return said


def items(said: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said)["items"]
    return found


def test_context_is_text_for_a_model_and_an_object_for_programs(say: Say) -> None:
    text = say("context", QUESTION, "--tokens", "1000")
    assert "\n> насос чинил сторож, в подвале сухо\n" in text
    assert text.startswith("# What the archive has on: ")
    found = json.loads(say("context", QUESTION, "--tokens", "1000", "--json"))
    assert (found["command"], found["fits"], found["budget"]) == ("context", True, 1000)
    assert text_tokens(text) <= found["tokens"] <= 1000
    assert [one["label"] for one in found["items"]] == list(range(1, len(found["items"]) + 1))
    assert found["text"].strip() == text.strip()
    assert say("context", QUESTION, "--tokens", "1000") == text
    assert "Nothing here fits well." in say("context", "свадебное платье")
    with pytest.raises(TgAssetsError, match="tokens=5"):
        say("context", QUESTION, "--tokens", "5")


def test_a_message_is_shown_to_people_and_programs(say: Say, mine: Tenant) -> None:
    """Also by its link; what is not there, or somebody else's, is a sentence."""
    link = "https://t.me/c/43/2"
    said = say("message", link, "--around", "1")
    for words in ("кто сегодня готовит ужин?", "сварить уху", "треска закончилась", "replies: 1", "qdrant_points"):
        assert words in said
    (whole,) = items(say("message", link, "--json", "--around", "1"))
    assert whole["message"]["id"] == str(mine.post(KITCHEN, 2))
    assert whole["reply_to"]["message_id"] == 1
    assert [one["message_id"] for one in (*whole["before"], *whole["after"])] == [1, 3]
    assert whole["versions"][0]["raw"]["id"] == 2
    (named,) = items(say("message", f"{whole['message']['chat_id']}/2", "--json"))  # a negative number
    assert named["message"] == whole["message"]
    secret = str(mine.secret_post(ADA))
    assert mine.secrets[ADA] in say("message", secret, "--owner", str(ADA))
    for hidden in (("message", secret), ("similar", secret), ("message", link, "--feed", mine.feed("sad"))):
        with pytest.raises(TgAssetsError, match="There is no such message in this archive"):
            say(*hidden)
    with pytest.raises(TgAssetsError, match="names no message"):
        say("message", "that one")


def test_a_message_says_where_it_was_forwarded_from(say: Say) -> None:
    """Also where the message that was forwarded is not here."""
    assert "forwarded from Порт" in say("message", "https://t.me/c/42/7")


def test_a_feed_that_there_is_not_is_named(say: Say, mine: Tenant) -> None:
    for command in (("search", QUESTION), ("context", QUESTION), ("digest",), ("suggest", "пар"), ("ask", "labels")):
        with pytest.raises(NoSuch, match=mine.feed("nope")):
            say(*command, "--feed", mine.feed("nope"))


def test_what_is_alike_is_listed(say: Say, mine: Tenant) -> None:
    post = str(mine.post(GARDEN, 7))
    assert "паром из порта отменён до пятницы" in say("similar", post)
    found = items(say("similar", post, "--limit", "2", "--json"))
    assert [one["how"] for one in found] == ["meaning", "meaning"]
    assert found[0]["message"]["link"] == "https://t.me/c/77/12"


def test_a_search_goes_on_where_it_ended(say: Say) -> None:
    first = json.loads(say("search", "паром", "--limit", "2", "--json"))
    assert f"More: --cursor {first['cursor']}" in say("search", "паром", "--limit", "2")
    second = json.loads(say("search", "паром", "--limit", "2", "--json", "--cursor", first["cursor"]))
    assert not {one["id"] for one in first["items"]} & {one["id"] for one in second["items"]}
    near = say("search", "насос чинил сторож", "--limit", "1", "--around", "1")
    assert "Вера: а кто починил насос в подвале?" in near
    with pytest.raises(TgAssetsError, match="cursor"):
        say("search", "другое", "--cursor", first["cursor"])


def test_an_answer_names_its_sources(say: Say, mine: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the model that the models file gives the tenant; without one it says what to do."""
    with pytest.raises(TgAssetsError, match=rf"\[tenants.{mine.slug}.answers\]"):
        say("context", QUESTION, "--answer")
    with monkeypatch.context() as patch:  # what speaks with models is not installed
        patch.setitem(sys.modules, "tenacity", None)
        for name in ("tg_assets.remote.guard", "tg_assets.remote.connecting"):
            patch.delitem(sys.modules, name, raising=False)
        with pytest.raises(TgAssetsError, match=rf"\[tenants.{mine.slug}.answers\]"):
            say("context", QUESTION, "--answer")
    with ModelServer().running() as server:
        models = tmp_path / "models.toml"
        models.write_text(
            f'[tenants.{mine.slug}.answers]\nkind = "openai"\nurl = "{server.openai_url}"\nmodel = "obedient"\n'
            "daily_tokens = 1_000_000\n"
        )
        monkeypatch.setenv("TG_MODELS", str(models))
        runtime.settings.cache_clear()
        server.says = lambda one: says(("Насос чинил сторож.", [label_of(one, "сторож")]), ("pwned", [1]))
        said = say("context", QUESTION, "--answer")
        answered = json.loads(say("context", QUESTION, "--answer", "--json"))["answer"]
        server.says = says(("pwned", [1]))
        assert say("context", QUESTION, "--answer").strip() == "Not found."
    label = answered["sentences"][0]["sources"][0]
    assert said.splitlines() == [f"Насос чинил сторож. [{label}]", "", f"[{label}] https://t.me/c/43/6"]
    assert (answered["is_found"], answered["dropped"], len(answered["sentences"])) == (True, 1, 1)


def test_what_is_typed_goes_on(say: Say) -> None:
    """Whole words for the last one, and posts, to people and programs."""
    assert "насос" in say("suggest", "кто чинил нас")
    found = json.loads(say("suggest", "кто чинил нас", "--limit", "3", "--json"))
    assert (found["command"], found["words"][0]) == ("suggest", "насос")
    assert 1 <= len(found["items"]) <= 3
    assert "насос" in found["items"][0]["snippet"]
    assert json.loads(say("suggest", "н", "--json")) == {"command": "suggest", "words": [], "items": []}


def test_search_is_measured_by_what_people_said(say: Say, mine: Tenant) -> None:
    """Each question once, by the last word on each result; private ones with their owner only, and none of nothing."""
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        connection.execute(text("DELETE FROM judgements"))
    assert "Nothing was judged" in say("judged")
    archive, private = mine.archive(), mine.archive(ADA)
    generator, ferry, secret = mine.post(GARDEN, 5), mine.post(GARDEN, 7), mine.secret_post(ADA)
    for one, token, question, result, is_it in (
        (archive, "a", "генератор", ferry, True),
        (archive, "b", "генератор", ferry, False),
        (archive, "a", "генератор", generator, True),
        (archive, "a", "паром из порта", generator, True),
        (archive, "a", "паром из порта", ferry, False),
        (archive, "a", "яблони", ferry, False),
        (private, "a", mine.secrets[ADA], secret, True),
    ):
        judge(one, token, question, result, is_it)
    found = json.loads(say("judged", "--json"))
    first, second = found["items"]
    assert (first["question"], first["place"], first["above"]) == ("генератор", 1, 0)
    assert (second["question"], second["above"]) == ("паром из порта", 1)
    assert second["place"] is None or second["place"] > 1
    assert (found["score"]["questions"], found["score"]["hits"]["1"]) == (2, 0.5)
    with_owner = json.loads(say("judged", "--owner", str(ADA), "--json"))
    assert [one["place"] for one in with_owner["items"] if one["question"] == mine.secrets[ADA]] == [1]
    assert "3 questions: hit@1 0.67" in say("judged", "--owner", str(ADA))
