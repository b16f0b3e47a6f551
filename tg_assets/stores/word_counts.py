"""How many points have a word or a 3-gram: counted exactly, per tenant and owner, where the truth is.

Ranking weighs a word by how rare it is. Counted by the vector server that would be over all tenants: a stranger's words
would change my ranking, and my scores would tell which words strangers use. So counts are kept in PostgreSQL and a
search reads those of its own words, summed over the owners it may see.

Counts move in the transaction that records a chunk of points as made. ``counted_points`` has the indices of the terms
that each point was counted with (unsigned 32-bit, little-endian, ascending, as in its sparse vectors), so an edit takes
the old ones off, a deletion all of them, and a chunk that is repeated counts once. Writers of a tenant wait for each
other by one lock, taken last: no two can wait in a circle, and the order of their chunks does not matter. A count that
reaches 0 leaves. What does not belong here: which text has which terms (``index.sparse``), weights.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.stores.database import temp_rows
from tg_assets.stores.prepared import prepared

DOCUMENTS, LEMMA, TRIGRAM = 0, 1, 2
"""Kinds of counts; the first is that of all points of an owner, under term 0."""

Key = tuple[int, int, int]
"""Owner, kind, term."""


@dataclass(frozen=True, slots=True)
class Words:
    """A point with its terms: each index once."""

    point: UUID
    channel: UUID
    owner: int
    lemmas: Sequence[int]
    trigrams: Sequence[int]


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Points that may be seen, and how many of them have each term asked for; terms that none has are left out."""

    documents: int
    lemmas: dict[int, int]
    trigrams: dict[int, int]


def move(
    connection: Connection, made: Sequence[Words], gone: Iterable[UUID] = (), gone_chats: Iterable[UUID] = ()
) -> None:
    """Count points that were written with the terms they have now, and no more those that are gone.

    To be called last in the transaction. Other writers of the tenant wait until it ends.
    """
    ids, chats = [*(words.point for words in made), *gone], list(gone_chats)
    if not ids and not chats:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(current_tenant()::text || '/words', 0))"))
    moved = _taken_off(connection, ids, chats)
    _put_on(connection, made, moved)
    changes = [(*key, more) for key, more in sorted(moved.items()) if more]
    if not changes:
        return
    columns = {"owner_id": "bigint", "kind": "smallint", "term": "bigint", "more": "integer"}
    connection.execute(text("DROP TABLE IF EXISTS moved"))
    temp_rows(connection, "moved", columns, changes)
    connection.execute(
        text("""INSERT INTO word_counts AS w (tenant_id, owner_id, kind, term, documents)
                SELECT current_tenant(), owner_id, kind, term, more FROM moved
                ON CONFLICT (tenant_id, owner_id, kind, term) DO UPDATE
                SET documents = w.documents + excluded.documents""")
    )
    if any(more < 0 for *_, more in changes):
        connection.execute(
            text("""DELETE FROM word_counts w USING moved m
                    WHERE m.more < 0 AND w.documents = 0
                      AND (w.owner_id, w.kind, w.term) = (m.owner_id, m.kind, m.term)""")
        )


def _taken_off(connection: Connection, ids: Sequence[UUID], chats: Sequence[UUID]) -> Counter[Key]:
    """Forget with which terms points were counted; returns what that takes off the counts."""
    rows = connection.execute(
        text("""DELETE FROM counted_points
                WHERE point_id = ANY(CAST(:ids AS uuid[])) OR channel_id = ANY(CAST(:chats AS uuid[]))
                RETURNING owner_id, lemmas, trigrams""")
        if chats
        else text("""DELETE FROM counted_points WHERE point_id = ANY(CAST(:ids AS uuid[]))
                     RETURNING owner_id, lemmas, trigrams"""),
        {"ids": list(map(str, ids))} | ({"chats": list(map(str, chats))} if chats else {}),
    ).all()
    moved: Counter[Key] = Counter()
    for owner, counts in _counts((row.owner_id, _terms(row.lemmas), _terms(row.trigrams)) for row in rows).items():
        for (kind, term), count in counts.items():
            moved[owner, kind, term] -= count
    return moved


def _put_on(connection: Connection, made: Sequence[Words], moved: Counter[Key]) -> None:
    """Note with which terms points are counted, and add that to what moves."""
    for owner, counts in _counts((words.owner, words.lemmas, words.trigrams) for words in made).items():
        for (kind, term), count in counts.items():
            moved[owner, kind, term] += count
    columns = {"point_id": "uuid", "channel_id": "uuid", "owner_id": "bigint", "lemmas": "bytea", "trigrams": "bytea"}
    connection.execute(text("DROP TABLE IF EXISTS counting"))
    temp_rows(
        connection,
        "counting",
        columns,
        ((one.point, one.channel, one.owner, _bytes(one.lemmas), _bytes(one.trigrams)) for one in made),
    )
    connection.execute(
        text("""INSERT INTO counted_points (tenant_id, point_id, channel_id, owner_id, lemmas, trigrams)
                SELECT current_tenant(), point_id, channel_id, owner_id, lemmas, trigrams FROM counting""")
    )


def _counts(points: Iterable[tuple[int, Iterable[int], Iterable[int]]]) -> dict[int, dict[tuple[int, int], int]]:
    """Points with each term, by owner."""
    lemmas: dict[int, Counter[int]] = {}
    trigrams: dict[int, Counter[int]] = {}
    documents: Counter[int] = Counter()
    for owner, some, others in points:
        documents[owner] += 1
        lemmas.setdefault(owner, Counter()).update(some)
        trigrams.setdefault(owner, Counter()).update(others)
    return {
        owner: {(DOCUMENTS, 0): count}
        | {(LEMMA, term): found for term, found in lemmas[owner].items()}
        | {(TRIGRAM, term): found for term, found in trigrams[owner].items()}
        for owner, count in documents.items()
    }


def _bytes(terms: Sequence[int]) -> bytes:
    packed = array("I", terms)
    if sys.byteorder == "big":
        packed.byteswap()
    return rb"\x" + packed.tobytes().hex().encode()


def _terms(packed: bytes) -> "array[int]":
    terms = array("I", bytes(packed))
    if sys.byteorder == "big":
        terms.byteswap()
    return terms


def frequencies(
    connection: Connection, owners: Sequence[int], lemmas: Sequence[int], trigrams: Sequence[int]
) -> Frequencies:
    """How many points of these owners have each of the terms: a look by key for each term and owner."""
    kinds = [DOCUMENTS, *[LEMMA] * len(lemmas), *[TRIGRAM] * len(trigrams)]
    rows = connection.execute(
        prepared("""SELECT asked.kind, asked.term, sum(w.documents) AS documents
                FROM unnest(CAST(:kinds AS smallint[]), CAST(:terms AS bigint[])) AS asked (kind, term)
                CROSS JOIN unnest(CAST(:owners AS bigint[])) AS visible (owner_id)
                CROSS JOIN LATERAL (
                    SELECT documents FROM word_counts
                    WHERE owner_id = visible.owner_id AND kind = asked.kind AND term = asked.term LIMIT 1) w
                GROUP BY 1, 2"""),
        {"kinds": kinds, "terms": [0, *lemmas, *trigrams], "owners": sorted(set(owners))},
    ).all()
    found: dict[int, dict[int, int]] = {DOCUMENTS: {}, LEMMA: {}, TRIGRAM: {}}
    for row in rows:
        found[row.kind][row.term] = int(row.documents)
    return Frequencies(found[DOCUMENTS].get(0, 0), found[LEMMA], found[TRIGRAM])


def recount(connection: Connection) -> dict[Key, int]:
    """The tenant's counts made anew of the points that are counted; equal to ``word_counts`` at any moment."""
    rows = connection.execute(text("SELECT owner_id, lemmas, trigrams FROM counted_points"))
    made = _counts((row.owner_id, _terms(row.lemmas), _terms(row.trigrams)) for row in rows)
    return {(owner, *key): count for owner, counts in made.items() for key, count in counts.items()}
