"""Pictures are found by words in two languages and by what they look like, by whoever may see them."""

import hashlib
import json
from uuid import uuid4

import pytest
from click.testing import CliRunner

from tests.answers.gallery import CAR, FILES, ME, Gallery, made
from tests.vision.drawing import encode
from tg_assets.answers.picture_search import Picture, look_at, pictures_by_words, similar_pictures
from tg_assets.answers.ranked import Hit, ranked
from tg_assets.cli import runtime
from tg_assets.cli.pictures import pictures_command
from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.provider import Refused
from tg_assets.stores.vectors import Narrow
from tg_assets.vision.local import LocalVision


@pytest.fixture(scope="module")
def gallery(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return made(tmp_path_factory.mktemp("gallery"))


def numbers(pictures: list[Picture]) -> list[int]:
    return [one.telegram_message_id for one in pictures]


def ask(gallery: Gallery, query: str, **narrow: object) -> list[Hit]:
    archive = gallery.open()
    return ranked(archive, query, Narrow(**narrow))


def sha256(name: str) -> str:
    return hashlib.sha256(FILES[name]).hexdigest()


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("спортивная машина", 3), ("автомобиль", 3), ("sports car", 3), ("automobile", 3), ("синяя машина", 3),
        ("собака", 7), ("золотистый ретривер", 7), ("dogs", 7), ("жёлтая собака", 7),
        ("скриншот", 5), ("снимок экрана", 5), ("screenshot", 5), ("мем", 6), ("зелёный мем", 6), ("meme", 6),
    ],
)  # fmt: skip
def test_pictures_without_words_are_found_by_words(gallery: Gallery, query: str, number: int) -> None:
    """Label, wider word, colour and kind, by general search and among pictures; with a chance to speak of."""
    best = ask(gallery, query)[0]
    assert best.telegram_message_id == number
    assert best.score > 0.5
    assert numbers(pictures_by_words(gallery.open(), query))[0] == number


def test_a_result_says_why_it_was_found(gallery: Gallery) -> None:
    """In the language of the question; where the text says it, the snippet does."""
    assert ask(gallery, "собака")[0].picture == "фото; золотистый ретривер; жёлтый"
    assert ask(gallery, "animals")[0].picture is not None
    hits = {hit.telegram_message_id: hit for hit in ask(gallery, "кошка")}
    assert hits[8].picture is None
    assert hits[1].picture == "фото; полосатая кошка; красный, серый"


def test_posts_that_speak_of_photos_are_not_hidden_by_photos(gallery: Gallery) -> None:
    """Six photos are called so; one post says the word."""
    assert ask(gallery, "фото")[0].telegram_message_id == 4
    assert ask(gallery, "фотографировали праздник")[0].telegram_message_id == 4
    assert ask(gallery, "кошка")[0].telegram_message_id == 8
    assert set(numbers(pictures_by_words(gallery.open(), "фото"))) >= {1, 3, 7}


def test_what_nobody_shows_is_not_likely(gallery: Gallery) -> None:
    found = pictures_by_words(gallery.open(), "самолёт")
    assert max((one.score for one in found), default=0.0) < 0.1


def test_look_alikes_come_first_then_what_shows_the_same(gallery: Gallery) -> None:
    """By post, by content and by a file that nobody has."""
    found = similar_pictures(gallery.open(), gallery.post(1))
    assert (numbers(found)[0], found[0].why) == (2, "looks")
    assert found[0].score > 0.9
    assert (numbers(found)[1], found[1].why) == (9, "shows"), "another cat, of another colour"
    assert 1 not in numbers(found)
    assert numbers(similar_pictures(gallery.open(), sha256("cat.jpg"), limit=1)) == [2]
    look = look_at(encode(CAR.resize((500, 375)), "JPEG", quality=70), LocalVision())
    assert [(one.telegram_message_id, one.why) for one in similar_pictures(gallery.open(), look, 1)] == [(3, "looks")]
    with pytest.raises(Refused):
        look_at(b"no picture", LocalVision())


def test_private_pictures_are_their_owners(gallery: Gallery) -> None:
    """By words, by likeness and as what others are to be like."""
    shared, mine = gallery.open(), gallery.open(owners=(ME,))
    private = gallery.post(2, gallery.direct)
    for archive, seen in ((shared, False), (mine, True), (gallery.open(owners=(ME + 1,)), False)):
        assert (private in {one.post_id for one in pictures_by_words(archive, "кошка", 50)}) is seen
        assert (private in {one.post_id for one in similar_pictures(archive, gallery.post(1), 50)}) is seen
    assert set(numbers(similar_pictures(mine, private, 2))) == {1, 2}


def test_feeds_limit_everything(gallery: Gallery) -> None:
    direct = gallery.open(owners=(ME,), feeds=(gallery.direct,))
    assert {one.feed for one in pictures_by_words(direct, "кошка", 50)} == {gallery.direct}
    assert similar_pictures(direct, gallery.post(2, gallery.direct)) == []
    with pytest.raises(TgAssetsError, match="no such picture"):
        similar_pictures(direct, gallery.post(1))
    nothing = gallery.open(owners=(ME,), feeds=())
    assert pictures_by_words(nothing, "кошка") == []
    with pytest.raises(TgAssetsError, match="no such picture"):
        similar_pictures(nothing, sha256("cat.jpg"))
    look = look_at(FILES["cat.jpg"], LocalVision())
    assert similar_pictures(nothing, look) == []


def test_what_is_anothers_is_as_if_it_was_not(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A forged id or sha256 of another tenant's picture says what a made-up one says."""
    stranger = Gallery(f"{gallery.tenant}x", gallery.channel, gallery.direct)
    said = set()
    archives = [(stranger.open(owners=(ME,)), gallery.post(1)), (stranger.open(), sha256("cat.jpg"))]
    archives += [(gallery.open(), gallery.post(2, gallery.direct)), (gallery.open(), sha256("cat_private.jpg"))]
    archives += [(gallery.open(), uuid4()), (gallery.open(), "0" * 64), (gallery.open(), "' OR true --")]
    for archive, like in archives:
        with pytest.raises(TgAssetsError) as error:
            similar_pictures(archive, like)
        said.add(str(error.value))
    assert len(said) == 1
    assert similar_pictures(stranger.open(), look_at(FILES["cat.jpg"], LocalVision())) == []
    assert pictures_by_words(stranger.open(), "кошка") == []


def test_the_command_shows_pictures(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> None:
    """To people in the language they ask in, to programs in both."""
    runtime.settings.cache_clear()

    def said(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(pictures_command, [*arguments, "--tenant", gallery.tenant])
        assert done.exit_code == code or isinstance(done.exception, TgAssetsError), done.output
        return str(done.exception or done.stdout)

    assert "фото; золотистый ретривер; жёлтый" in said("собака", "--limit", "1")
    assert "photo; golden retriever; yellow" in said("dog", "--limit", "1", "--preview")
    assert "Nothing here fits well" in said("самолёт")
    best = json.loads(said("собака", "--json"))
    assert best["fits"] is True
    assert best["items"][0]["shows"]["en"] == "photo; golden retriever; yellow"
    assert (best["items"][0]["width"], best["items"][0]["bytes"]) == (800, len(FILES["dog.jpg"]))
    file = tmp_path_factory.mktemp("file") / "cat.jpg"
    file.write_bytes(FILES["cat.jpg"])
    for like in (str(gallery.post(1)), sha256("cat.jpg"), str(file)):
        found = json.loads(said("--like", like, "--limit", "2", "--json"))["items"]
        assert 2 in {one["telegram_message_id"] for one in found}, like
        assert found[0]["why"] == "looks"
    assert "Say in words" in said(code=1)
    assert "no such picture" in said("--like", str(uuid4()), code=1)
    file.write_bytes(b"text")
    assert "no picture that can be looked at" in said("--like", str(file), code=1)
