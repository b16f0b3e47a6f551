"""The local tagger: what models find joins what rules find, in one order, under one version."""

from pathlib import Path

import numpy as np
import pytest

from tests.tagging.posts_with_topics import HELD_OUT, TUNED
from tg_assets.embedder import HashEmbedder, ParallelEmbedder, UseEmbedder
from tg_assets.index.document import Given, analyse
from tg_assets.index.text import TextParts
from tg_assets.tagging import entities, topics
from tg_assets.tagging.tagger import LEAST, LocalTagger, Tagger
from tg_assets.tagging.tags import TAGGER_VERSION, Tag, TagInput, tag, tags_hash
from tg_assets.workers import WORTH, Workers

WEATHER = "Завтра в Петербурге дождь с мокрым снегом, ветер до 15 м/с, около нуля"
ENGLISH = "Inflation fell to 3 percent in March, the central bank may cut rates in June"


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return LocalTagger(UseEmbedder())


def test_topics_are_named_in_the_texts_language(tagger: Tagger) -> None:
    """Last in order: they are the least certain."""
    russian, english = tagger.tag_all([TagInput(WEATHER), TagInput(ENGLISH)])
    assert russian.tags[-1] == Tag("погода", russian.tags[-1].confidence, "topic")
    assert (english.names[-1], english.tags[-1].origin) == ("economy", "topic")
    assert 0.4 <= english.tags[-1].confidence <= 1


def test_one_name_has_one_origin() -> None:
    """The first in order: a hashtag, an entity, a phrase, picture text, a label, a topic."""
    given = TagInput("#музыка сегодня", ocr_text="Расписание электричек", labels=("cat", "музыка"))
    result = tag(given, [Tag("музыка", 0.5, "topic"), Tag("кино", 0.5, "topic"), Tag("анна ахматова", 0.8, "entity")])
    assert [(one.name, one.origin) for one in result.tags] == [
        ("музыка", "hashtag"), ("анна ахматова", "entity"), ("расписание электричек", "ocr"), ("cat", "label"),
        ("кино", "topic"),
    ]  # fmt: skip
    assert result.tags_hash == tags_hash(result.names)


def test_without_models_it_is_the_rules(tagger: Tagger) -> None:
    """And topics and entities only ever add to them, or say the same better."""
    posts = [TagInput(text) for _, text in (*TUNED, *HELD_OUT)]
    plain = LocalTagger(with_entities=False).tag_all(posts)
    assert plain == [tag(post) for post in posts]
    for before, after in zip(plain, LocalTagger(UseEmbedder(), with_entities=False).tag_all(posts), strict=True):
        assert tuple(one for one in after.tags if one.origin != "topic") == before.tags


def test_twice_and_in_any_company_the_same(tagger: Tagger) -> None:
    """Invariant 17: the same post has the same hash."""
    posts = [TagInput(text) for _, text in TUNED[:20]]
    together = [one.tags_hash for one in tagger.tag_all(posts)]
    assert together == [one.tags_hash for one in tagger.tag_all(posts)]
    assert together == [tagger.tag_all([post])[0].tags_hash for post in posts]


def test_in_several_processes_the_same() -> None:
    """Tags, the texts' vectors within what sums of floats in another order may differ by, and what the index has."""
    texts = [f"{text} {number}" for number in range(12) for _, text in (*TUNED, *HELD_OUT)]
    assert len(texts) > WORTH * LEAST
    posts = [TagInput(text) for text in texts]
    model, two = UseEmbedder(), Workers(2, ["tg_assets.preloaded"])
    try:
        parallel = ParallelEmbedder(model, two)
        assert LocalTagger(parallel, workers=two).tag_all(posts) == LocalTagger(model).tag_all(posts)
        assert np.abs(parallel.encode(texts) - model.encode(texts)).max() < 1e-6
        given = [Given(TextParts(text), "Анна", "Chat") for text in texts]
        assert two.map(analyse, given, least=100) == analyse(given)
    finally:
        two.close()


def test_version_names_all_that_results_depend_on(tmp_path: Path) -> None:
    """Rules, taxonomy, embedding model, entity model."""
    path = tmp_path / "own.toml"
    path.write_text(topics.DEFAULT.read_text("utf-8").replace('"погода"', '"погодка"'), "utf-8")
    versions = {
        LocalTagger(with_entities=False).version,
        LocalTagger(with_entities=True).version,
        LocalTagger(UseEmbedder(), with_entities=False).version,
        LocalTagger(UseEmbedder(), path, with_entities=False).version,
        LocalTagger(HashEmbedder(), with_entities=False).version,
    }
    assert len(versions) == 5
    full = LocalTagger(UseEmbedder(), with_entities=True).version
    assert full == f"{TAGGER_VERSION}+topics-1/{topics.read().fingerprint}/use-multilingual-v3+{entities.VERSION}"


def test_any_posts(tagger: Tagger) -> None:
    """A result for each, in order; nothing for nothing."""
    odd = ["", "\x00", "😀", "https://example.com", "а" * 100_000, "\u202e\u200b", "\ud800", WEATHER]
    results = tagger.tag_all([TagInput(text) for text in odd])
    assert len(results) == len(odd)
    assert [bool(one.tags) for one in results[:4]] == [False] * 4
    assert "погода" in results[-1].names
    assert tagger.tag_all([]) == []
