"""What of a question counts, how much a text speaks to it, and what that is called."""

import pytest

from benchmarks.chats import PEOPLE, chats
from tg_assets.index.evidence import FAIR, STRONG, Passage, chance, coverage, readable, verdict
from tg_assets.index.question import asked, in_other_script


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("When did Anna move to Leeds?", ["anna", "move", "leeds"]),
        ("Who's the one that doesn't like it?", ["one", "like"]),
        ("Где и когда будет встреча?", ["встреча"]),
        ("Что сказала Катя о билетах и билетах", ["сказала", "катя", "билетах"]),
        ("who are you", ["who", "are", "you"]),
        ("", []),
    ],
)
def test_question_words_do_not_count(query: str, counts: list[str]) -> None:
    """Unless there are no others."""
    assert asked(query) == counts


@pytest.mark.parametrize(
    ("word", "other"), [("тесла", "tesla"), ("томас", "tomas"), ("tomas", "томас"), ("42", None), ("东京", None)]
)
def test_a_word_in_the_other_script(word: str, other: str | None) -> None:
    assert in_other_script(word) == other


def test_coverage_is_the_share_of_words() -> None:
    """Any form of a word is it; one misspelt or in the other script is nearly; the author's name is there, too."""
    passage = Passage("Починили дизельный генератор за 940 евро", "Tomas Berg", "Маяк")
    assert coverage(asked("генератора дизельного"), passage) == 1
    assert 0.5 < coverage(asked("гениратор"), passage) < 1
    assert coverage(asked("что делал Томас"), passage) == 0.5
    assert coverage(asked("Tomas repaired"), passage) == 0.5
    assert coverage(asked("курс биткоина"), passage) == 0
    assert coverage([], passage) == 0


def test_chance_grows_with_words_and_meaning() -> None:
    passage = Passage("Solar panels lose efficiency in the cold")
    wanted = asked("solar panel efficiency")
    assert chance(wanted, passage, 0.6) > STRONG > chance(asked("solar eclipse"), passage, 0.2)
    assert chance(wanted, passage, 0.6) > chance(wanted, passage, 0.3)
    assert chance(asked("bitcoin price"), passage, 0.2) < FAIR
    named = Passage("Solar panels lose efficiency in the cold", "Павел Громов", "Маяк")
    for one in (passage, named):
        assert chance(asked("эффективность батарей"), one, 0.55) > FAIR, "words of another script cannot meet"
    assert [verdict(score) for score in (0.9, STRONG, 0.3, FAIR, 0.01)] == ["strong", "strong", "fair", "fair", "weak"]


def test_a_picture_speaks_every_language() -> None:
    """Its words count whole; where half of the question is of it, words can meet in any script."""
    seen = Passage("Photo 640×480, mostly grey, showing tabby", called="tabby кошка фото серый")
    assert coverage(asked("серая кошка"), seen) == 1
    assert coverage(asked("кошелка"), seen) == 0, "not by likeness"
    assert chance(asked("серая кошка"), seen, 0.3) > STRONG
    assert chance(asked("фото свадьбы"), seen, 0.1) < STRONG
    told = Passage("Чинили дизельный генератор до ночи", called="man мужчина")
    assert readable(asked("man"), told)
    assert not readable(asked("who repaired the diesel, a man?"), told), "the text is to be understood by its meaning"


def test_made_up_chats_are_the_same_everywhere() -> None:
    """Every question has its evidence, by the person that it names."""
    made = chats()
    assert made == chats() != chats(seed=12)
    assert [message.at for message in made.messages] == sorted(message.at for message in made.messages)
    for question in made.questions:
        assert question.evidence
        named = [name for name, russian in PEOPLE.items() if name in question.text or russian in question.text]
        tellers = {made.messages[number].author for number in question.evidence}
        assert tellers <= set(named or tellers)
