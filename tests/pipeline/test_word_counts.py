"""Words are counted exactly, whatever happens to messages; nobody else's words change a score."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from tests.pipeline.test_changes import edited, said
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets import ids
from tg_assets.answers.ranked import ranked
from tg_assets.index.sparse import document_vectors
from tg_assets.stores import word_counts
from tg_assets.stores.word_counts import DOCUMENTS, LEMMA, TRIGRAM, Key, Words

OWNER = 900
DAYS = ("2023-05-01", "2023-05-02")
SELECTION = ["posts", "media_groups", "qdrant_points"]
VOCABULARY = ["маяк", "лёд", "генератор", "снег", "кот", "чай", "the lamp", "ice", "wind", "дрова", "печь", "море"]


def stored(connection: Connection) -> dict[Key, int]:
    rows = connection.execute(text("SELECT owner_id, kind, term, documents FROM word_counts"))
    return {(row.owner_id, row.kind, row.term): row.documents for row in rows}


def state(tenant: str) -> tuple[dict[Key, int], dict[Key, int]]:
    """What is stored, and what a recount gives."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        return stored(connection), word_counts.recount(connection)


def counted(points: dict[UUID, Words]) -> dict[Key, int]:
    """The same, of what a test knows to be there."""
    found: dict[Key, int] = {}
    for words in points.values():
        terms = [(DOCUMENTS, 0), *((LEMMA, i) for i in words.lemmas), *((TRIGRAM, i) for i in words.trigrams)]
        for kind, term in terms:
            found[words.owner, kind, term] = found.get((words.owner, kind, term), 0) + 1
    return found


class Interrupted(Exception):
    """A chunk that was killed."""


def drawn(chance: random.Random, point: UUID, chats: list[UUID]) -> Words:
    """A point of a chat, shared or an account's, that its id gives, with words that are drawn."""
    place = point.int % len(chats)
    said = " ".join(chance.choices(VOCABULARY, k=chance.randint(1, 6)))
    lemmas, trigrams = document_vectors(said)
    return Words(point, chats[place], OWNER if place == 0 else 0, lemmas.indices, trigrams.indices)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_history_counts_what_is_there(tenant: str, seed: int) -> None:
    """Written, edited, repeated, deleted, killed half way, whole chats gone: the counts are those of what is left."""
    chance = random.Random(seed)
    pipeline.import_path(pipeline.SAMPLE, tenant)  # the tenant must be known
    known, chats = [uuid4() for _ in range(60)], [uuid4() for _ in range(4)]
    there: dict[UUID, Words] = {}
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for _ in range(60):
            made = [drawn(chance, point, chats) for point in chance.sample(known, chance.randint(0, 12))]
            others = [point for point in known if point not in {words.point for words in made}]
            gone = chance.sample(others, chance.randint(0, 5))
            closed = chance.sample(chats[1:], 1) if chance.random() < 0.05 and not made else []
            try:
                with session.transaction() as connection:
                    word_counts.move(connection, made, gone, closed)
                    if chance.random() < 0.3:
                        raise Interrupted
            except Interrupted:
                continue
            there = {
                point: words for point, words in there.items() if point not in gone and words.channel not in closed
            }
            there |= {words.point: words for words in made}
            with session.transaction() as connection:
                assert stored(connection) == counted(there)
                assert word_counts.recount(connection) == counted(there)


def test_writers_at_the_same_time_count_once(tenant: str) -> None:
    """Feeds of one tenant, some of them with the same points, in any order; nobody waits in a circle."""
    pipeline.import_path(pipeline.SAMPLE, tenant)
    known, chats = [uuid4() for _ in range(40)], [uuid4() for _ in range(3)]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
            for _ in range(15):
                with session.transaction() as connection:
                    made = [drawn(chance, point, chats) for point in chance.sample(known, 15)]
                    word_counts.move(connection, made, [])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found, recounted = state(tenant)
    assert found == recounted
    assert sum(count for (_, kind, _), count in found.items() if kind == DOCUMENTS) == len(known)


def test_frequencies_are_those_of_who_may_see(tenant: str) -> None:
    pipeline.import_path(pipeline.SAMPLE, tenant)
    shared, private = (Words(uuid4(), uuid4(), owner, [1, 2], [7]) for owner in (0, OWNER))
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        word_counts.move(connection, [shared, private])
        mine = word_counts.frequencies(connection, [0, OWNER], [1, 3], [7])
        others = word_counts.frequencies(connection, [0], [1], [])
    assert (mine.documents, mine.lemmas, mine.trigrams) == (2, {1: 2}, {7: 2})
    assert (others.documents, others.lemmas, others.trigrams) == (1, {1: 1}, {})
    other = pipeline.new_tenant()
    with pipeline.postgres().tenant(ids.tenant_id(other)) as session, session.transaction() as connection:
        assert word_counts.frequencies(connection, [0, OWNER], [1], [7]).documents == 0


def lines(*texts: str) -> list[dict[str, Any]]:
    return [said(number, line) for number, line in enumerate(texts, 1)]


def land(tenant: str, directory: Path, export: dict[str, Any]) -> None:
    """Import and index both days of every chat."""
    for report in pipeline.import_path(pipeline.write_export(directory, export), tenant):
        pipeline.materialize(report.feed, *DAYS, SELECTION)


def test_edits_and_deletions_of_messages_are_counted(tenant: str, tmp_path: Path) -> None:
    """After each the counts are those of another tenant that got only what is there now."""
    before = lines("ремонт генератора", "генератор починили", "снова снег")
    land(tenant, tmp_path / "1", chat(*before))
    after = [before[0], edited(before[1], "чайник починили"), before[2]]
    land(tenant, tmp_path / "2", chat(*after))
    other = pipeline.new_tenant()
    land(other, tmp_path / "3", chat(*after))
    assert state(tenant) == state(other)
    assert state(tenant)[0] == state(tenant)[1] != {}
    pipeline.rows(tenant, "UPDATE messages SET deleted_at = now() WHERE telegram_message_id = 1 RETURNING 1")
    feed = pipeline.scalar(tenant, "SELECT key FROM feeds")
    pipeline.materialize(feed, *DAYS, ["qdrant_points"])
    left = pipeline.new_tenant()
    land(left, tmp_path / "4", chat(*after[1:]))
    assert state(tenant) == state(left)
    pipeline.materialize(feed, *DAYS, ["qdrant_points"], config={"force": True})
    assert state(tenant) == state(left)


def scores(tenant: str, *owners: int) -> list[tuple[UUID, float]]:
    return [(hit.id, hit.score) for hit in ranked(pipeline.archive(tenant, *owners), "генератор на маяке", limit=20)]


def test_what_others_write_changes_no_score(tenant: str, tmp_path: Path) -> None:
    """Not another tenant's words, nor those of private chats of an account that is not named."""
    mine = lines("генератор чинили до ночи", "маяк снова светит", "на маяке тихо, пьём чай", "чайник на печи")
    land(tenant, tmp_path / "1", chat(*mine))
    before = scores(tenant)
    assert len(before) == 4
    many = lines(*["генератор генератору генератор", "маяк и маяк"] * 30)
    land(pipeline.new_tenant(), tmp_path / "2", chat(*many))
    assert scores(tenant) == before
    private = chat(*many, type="personal_chat", id=500, name="Борис")
    land(tenant, tmp_path / "3", account(private, user_id=OWNER))
    assert scores(tenant) == before
    found = dict(scores(tenant, OWNER))
    assert len(found) == 20, "who is named sees them, and their words count"
