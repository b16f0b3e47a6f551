"""Named entities: real names in dictionary form, nothing else, and a model that is the known one."""

import subprocess
import sys

import pytest

from tg_assets.errors import TgAssetsError
from tg_assets.tagging import entities
from tg_assets.tagging.entities import Entity
from tg_assets.tagging.tagger import LocalTagger
from tg_assets.tagging.tags import TagInput


def found(text: str) -> dict[str, str]:
    return {one.name: one.kind for one in entities.entities([text])[0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("вчера с Владиславом Шапшой в Калужской области", {"владислав шапша": "PER", "калужская область": "LOC"}),
        ("поехали с Сергеем Петровичем Ивановым в Нижний Новгород",
         {"сергей петрович иванов": "PER", "нижний новгород": "LOC"}),
        ("обсудили завод Министерства обороны", {"министерство обороны": "ORG"}),
        ("у Ладожского озера с Анной Ахматовой", {"ладожское озеро": "LOC", "анна ахматова": "PER"}),
        ("Катя Новак едет в Санкт-Петербург", {"катя новак": "PER", "санкт-петербург": "LOC"}),
        ("работал в Яндексе, живу в Москве", {"яндекс": "ORG", "москва": "LOC"}),
        ("ООО «Ромашка» открыло филиал", {"ооо ромашка": "ORG"}),
    ],
)  # fmt: skip
def test_names_in_dictionary_form(text: str, expected: dict[str, str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "...", "сырники со сметаной", "Привет! Спасибо, Коля", "настроил CSV и Thread Group", "12 34", "НТ"],
)
def test_no_names(text: str) -> None:
    """A first name alone is whoever is spoken to; Latin terms are key phrases; two letters are a guess."""
    assert found(text) == {}


def test_order_and_neighbours() -> None:
    """A result per text, the same alone and among others."""
    texts = ["живу в Москве", "", "был в Яндексе и ещё раз в Яндексе", "живу в Москве"]
    together = entities.entities(texts)
    assert together == [entities.entities([text])[0] for text in texts]
    assert together == [(Entity("москва", "LOC"),), (), (Entity("яндекс", "ORG"),), (Entity("москва", "LOC"),)]


def test_entities_replace_their_phrases() -> None:
    """«калужский» beside «калужская область» says nothing."""
    (result,) = LocalTagger(with_entities=True).tag_all([TagInput("#отчёт встреча в Калужской области прошла")])
    assert [(one.name, one.origin, one.type) for one in result.tags[:2]] == [
        ("отчёт", "hashtag", None),
        ("калужская область", "entity", "place"),
    ]
    assert not any("калуж" in one.name for one in result.tags if one.origin == "text")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before, and the version says so."""
    monkeypatch.setattr(entities, "find_spec", lambda name: None)
    tagger = LocalTagger()
    assert tagger.version.endswith("+no-entities")
    (result,) = tagger.tag_all([TagInput("встреча в Калужской области")])
    assert {one.origin for one in result.tags} == {"text"}


def test_an_unknown_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other bytes are not run."""
    monkeypatch.setitem(entities._FILES, "model/slovnet_ner_news_v1.tar", "0" * 64)
    with pytest.raises(TgAssetsError, match=r"slovnet_ner_news_v1.tar has SHA-256 16c3343a6572…, expected 0000"):
        entities._load()


def test_natasha_is_never_imported() -> None:
    """It needs pymorphy2, which does not run on this Python."""
    code = (
        "import sys; from tg_assets.tagging.entities import entities; "
        "assert entities(['живу в Москве'])[0]; assert 'natasha' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=900)
