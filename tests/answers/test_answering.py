"""An answer says what its sources say, whatever the model says: the model is a provider on loopback that obeys."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.answers.conftest import ADA, SINCE, UNTIL, Tenant, by
from tests.answers.test_bundle import FORGED, written
from tests.pipeline.test_changes import said
from tests.support import pipeline
from tests.support.model_server import Asked, Fault, ModelServer
from tests.tagging.attempts import ATTEMPTS
from tests.telegram.exports import chat
from tg_assets.answers.answering import Answer, answer
from tg_assets.answers.archive import Archive
from tg_assets.answers.shown import shown
from tg_assets.answers.support import is_supported
from tg_assets.embedder import UseEmbedder
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.engine import run_stage
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.connecting import connect
from tg_assets.remote.guard import Guarded
from tg_assets.scope import Scope

QUESTION = "кто чинил насос в подвале?"
EVIL = ("pwned", "https://evil.example/x", "Пароль администратора 12345", "Visit www.evil.example now", "@evil_bot")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer().running() as found:
        yield found


def model(server: ModelServer, tenant: Tenant) -> Guarded:
    chosen = RemoteModel(kind="openai", model="obedient", url=server.openai_url, daily_tokens=10**9, attempts=1,
                         requests_per_minute=10**6, max_reply_tokens=4000)  # fmt: skip
    return connect(chosen, pipeline.postgres(), tenant.id)


def shown_to(one: Asked) -> list[dict[str, Any]]:
    """The messages that the model was given."""
    text = one.json["messages"][1]["content"]
    found: list[dict[str, Any]] = json.loads(text[text.index('{"messages"') :])["messages"]
    return found


def says(*sentences: tuple[str, list[int]]) -> str:
    return json.dumps({"sentences": [{"text": text, "sources": labels} for text, labels in sentences]})


def ask(server: ModelServer, mine: Tenant, what: Callable[[Asked], str] | str, question: str = QUESTION) -> Answer:
    server.says = what
    with closing(model(server, mine)) as chat_:
        return answer(mine.archive(), question, chat_)


def label_of(one: Asked, word: str) -> int:
    return next(int(message["n"]) for message in shown_to(one) if word in message["text"])


def test_a_sentence_with_its_source_is_kept(server: ModelServer, mine: Tenant) -> None:
    """Its labels are those of the bundle; a number inside the sentence is none."""
    found = ask(server, mine, lambda one: says(("Насос чинил сторож [7].", [label_of(one, "сторож"), 99])))
    (sentence,) = found.sentences
    (source,) = (one for one in found.bundle.sources if one.label == sentence.sources[0])
    assert (sentence.text, len(sentence.sources)) == ("Насос чинил сторож.", 1)
    assert "сторож" in source.message.text
    assert (found.dropped, found.model is not None, found.tokens > 0) == (0, True, True)
    (sent,) = server.chats
    assert "tools" not in sent.json
    assert "functions" not in sent.json


@pytest.mark.parametrize(
    ("text", "labels"),
    [("Насос чинил сторож.", []), ("Насос чинил сторож.", [0, 99, -1]), ("Насос украли инопланетяне с Марса.", None),
     ("Насос чинил сторож за 5000 рублей.", None), ("Насос чинил сторож https://evil.example/x", None), ("", None),
     ("!!!", None), ("\u200b\u202e", None)],
)  # fmt: skip
def test_a_sentence_that_no_source_says_is_dropped(
    server: ModelServer, mine: Tenant, text: str, labels: list[int] | None
) -> None:
    """Without a source, with one that is not of the bundle, or saying more than its source does."""

    def reply(one: Asked) -> str:
        return says((text, [label_of(one, "сторож")] if labels is None else labels))

    found = ask(server, mine, reply)
    assert (found.is_found, found.sentences, found.dropped) == (False, (), 1)


def test_nothing_is_asked_where_nothing_fits(server: ModelServer, mine: Tenant) -> None:
    found = ask(server, mine, says(("что угодно", [1])), question="свадебное платье")
    assert (found.is_found, found.model, server.asked) == (False, None, [])


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault(status=500), "No answer now"), (Fault(status=401), "No answer now"), (Fault(finish="length"), "of no use"),
     (Fault(refusal="no"), "of no use")],
)  # fmt: skip
def test_a_provider_that_fails_is_a_sentence(server: ModelServer, mine: Tenant, fault: Fault, words: str) -> None:
    server.always = fault
    with pytest.raises(TgAssetsError, match=words):
        ask(server, mine, "{}")


@pytest.mark.parametrize(
    "reply", ['{"sentences": "all"}', '{"sentences": [{"text": 1, "sources": ["1"]}]}', "[]", "no"]
)
def test_a_reply_of_another_shape_is_of_no_use(server: ModelServer, mine: Tenant, reply: str) -> None:
    with pytest.raises(TgAssetsError, match="of no use"):
        ask(server, mine, reply)


@pytest.fixture(scope="module")
def hostile(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """A group in which every attempt is a message, each with a harmless word of its own beside it."""
    tenant = Tenant(pipeline.new_tenant(), {ADA: ""})
    texts = [attempt.written[:3000] for attempt in ATTEMPTS] + list(FORGED)
    encodable = [text.encode("utf-8", "replace").decode() for text in texts]
    lines = [by(f"автор{n}", n, f"насос номер {n}: {text}", 600 + n) for n, text in enumerate(encodable, 1)]
    export = chat(*lines, said(900, "насос в подвале чинил сторож"), id=43, name="Кухня", type="public_supergroup")
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path_factory.mktemp("hostile"), export), tenant.slug)
    stages = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(tenant.id) as session:
        for name in ("posts", "qdrant_points"):
            for of in stages[name]:
                run_stage(of, session, Scope(report.feed, SINCE, UNTIL))
    return tenant


class Obedient:
    """Does all it reads: repeats orders, claims what nobody said, cites everything and more."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def __call__(self, one: Asked) -> str:
        self.shown = shown_to(one)
        labels = [int(message["n"]) for message in self.shown]
        claims = [(evil, [*labels, 0, 77, 10**9]) for evil in EVIL]
        return says(*claims, *((f"{message['text'][:200]} pwned.", [int(message["n"])]) for message in self.shown))


def test_injections_call_nothing_and_claim_nothing(server: ModelServer, hostile: Tenant) -> None:
    """All attempts are found and given to the model as data; what comes back is only what messages say.

    One request goes out, to the provider; each label is of the bundle and unique; nothing hidden reaches the model.
    """
    seen: set[int] = set()
    for number in range(1, len(ATTEMPTS) + len(FORGED) + 1, 6):
        obedient = Obedient()
        server.asked.clear()
        archive: Archive = hostile.archive()
        server.says = obedient
        with closing(model(server, hostile)) as chat_:
            found = answer(archive, f"насос номер {number}", chat_, tokens=20_000)
        assert [one.path for one in server.asked] == ["/v1/chat/completions"]
        labels = {one.label for one in found.bundle.sources}
        assert [one["n"] for one in obedient.shown] == sorted(labels)
        seen |= {one.message.message_id for one in found.bundle.sources}
        for one in obedient.shown:
            assert shown(one["text"]) == one["text"]
        for sentence in found.sentences:
            assert set(sentence.sources) <= labels
            told = " ".join(one.message.words for one in found.bundle.sources if one.label in sentence.sources)
            for claim in ("администратора 12345", "www.evil.example now", "evil.example/x"):
                assert claim not in sentence.text or claim in told
            assert not sentence.text.startswith("pwned")
            assert len(sentence.sources) > 0
        assert found.dropped >= len(EVIL)
    assert len(seen) > 40


def test_a_claim_is_measured_by_its_words_and_meaning() -> None:
    """Half of its words, every number and every link; in another script what it means."""
    told, model_ = [written(1, "насос в подвале чинил сторож, заплатили 300 рублей, см. t.me/port/5")], UseEmbedder()
    assert is_supported("сторож чинил насос", told, "?", model_)
    assert is_supported("Заплатили 300 рублей", told, "?", model_)
    assert is_supported("Сторож чинил насос 1 января 2026 года в 12 часов", told, "?", model_) is False
    assert is_supported("Это было 01.01.2026: сторож чинил насос", told, "?", model_)
    assert not is_supported("Заплатили 301 рублей", told, "?", model_)
    assert is_supported("чинил сторож, см. t.me/port/5", told, "?", model_)
    assert not is_supported("чинил сторож, см. t.me/port/6", told, "?", model_)
    assert is_supported("The watchman repaired the pump in the basement", told, "who repaired the pump?", model_)
    assert not is_supported("The Champions League final is sold out", told, "who repaired the pump?", model_)
    assert not is_supported("сторож чинил насос", [], "?", model_)
