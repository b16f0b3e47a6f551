"""The rules that make questions with known answers, and the test that compares rankings of them."""

import gzip
from pathlib import Path

import orjson

from benchmarks.golden import Bm25, behind, reciprocal
from benchmarks.golden_sets import WRITTEN, Ask, chat, rarest


def test_answered_questions_are_asked(tmp_path: Path) -> None:
    """Long enough, by somebody else, and the question itself is no result."""
    said = [
        ("Ада", "как починить старый дизельный генератор?", None), ("Ада", "кто едет?", None),
        ("Боб", "надо заменить ремень и залить масло", 1), ("Ада", "я сама себе отвечу на этот вопрос", 1),
        ("Боб", "да", 1), ("Боб", "едут все, кто не занят сегодня", 2), ("Боб", "", None),
    ]  # fmt: skip
    messages = [
        {"id": number, "from": name, "text": text} | ({"reply_to_message_id": parent} if parent else {})
        for number, (name, text, parent) in enumerate(said, 1)
    ]
    path = tmp_path / "chat.json.gz"
    path.write_bytes(gzip.compress(orjson.dumps({"name": "Сад", "messages": messages})))
    golden = chat(path, 0, 100, 10)
    assert len(golden.rows) == 6
    assert golden.asks == [Ask("reply", said[0][1], frozenset({2}), frozenset({0}))]
    assert chat(path, 0, 100, 0).asks == []
    taken_out = golden.of("reply")
    assert [row.number for row in taken_out.rows] == [2, 3, 4, 5, 6]
    assert taken_out.asks == [Ask("reply", said[0][1], frozenset({1}))]
    assert taken_out.rows[1].text == said[2][1]


def test_rare_words_are_those_of_few_texts() -> None:
    texts = ["маяк светит ночью", "маяк чинят", "ночью тихо"]
    assert rarest(texts, texts[0], 2) == ["светит", "маяк"]
    assert rarest(texts, "и в 42", 2) == []


def test_what_is_ahead_by_chance_is_told() -> None:
    assert behind([1.0] * 50, [0.5] * 50) == 0
    assert behind([0.5] * 50, [0.5] * 50) == 1
    assert 0.2 < behind([1.0, 0.0] * 30, [0.0, 1.0] * 30) < 0.8
    assert reciprocal([3, 1, 2], Ask("x", "?", frozenset({2, 1}))) == 1 / 2
    assert reciprocal([3], Ask("x", "?", frozenset({2}))) == 0


def test_plain_bm25_knows_no_word_forms() -> None:
    index = Bm25(["маяк светит", "маяка не видно", "снег"])
    assert [number for number, _ in index.search("маяк", 5)] == [0]
    assert index.search("чайка", 5) == []


def test_written_questions_have_an_answer_each() -> None:
    lines = [line.split("\t") for line in WRITTEN.read_text("utf-8").splitlines()]
    assert all(len(line) == 2 and all(line) for line in lines)
    assert len({query for query, _ in lines}) == len(lines) >= 150
