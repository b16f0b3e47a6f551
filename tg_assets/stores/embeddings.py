"""A tenant's cache of embeddings: whatever asks, and however often, a text goes to the model once.

Tags and points embed much the same texts, so do feeds that forward each other, and a rebuild of the index embeds all of
them again. A vector is found by a hash of the model's id and the text, and is the one that the model made, bit by bit.
It is kept sealed with a key that the text itself gives, for a vector tells roughly what its text says: whoever has the
text needs no vector, and nobody else can read it. So what is left of a deleted message's vector tells nothing, and
deletion need not look for it; it leaves as whatever nobody asks for (``trim``). What does not belong here: models,
which text is embedded, vectors that are searched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_128
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.embedder import Embedder
from tg_assets.stores.database import Database, temp_rows

if TYPE_CHECKING:
    from tg_assets.embedder import Vectors


class CachedEmbedder:
    """An embedder that asks another one only for texts that the tenant's cache lacks.

    It has connections of its own, for moments: what was embedded is kept also where the chunk that wanted it fails, and
    holds up no other run. Without ``keeps`` it only reads.
    """

    def __init__(self, embedder: Embedder, database: Database, tenant: UUID, *, keeps: bool = True) -> None:
        self._embedder, self._database, self._tenant, self._keeps = embedder, database, tenant, keeps
        self.model_id, self.dimension = embedder.model_id, embedder.dimension

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """See ``Embedder.encode``."""
        import numpy as np

        row = {said: number for number, said in enumerate(dict.fromkeys(texts))}
        vectors = np.empty((len(row), self.dimension), dtype=np.float32)
        names = {said: _name(self.model_id, said) for said in row}
        known, idle = self._read(list(names.values()))
        for said, number in row.items():
            if sealed := known.get(names[said]):
                vectors[number] = np.frombuffer(self._turned(said, sealed), dtype="<f4")
        missing = [said for said in row if names[said] not in known]
        if missing:
            vectors[[row[said] for said in missing]] = self._embedder.encode(missing)
        if self._keeps and (missing or idle):
            made = [(names[said], self._turned(said, vectors[row[said]].astype("<f4").tobytes())) for said in missing]
            self._write(made, idle)
        return vectors[[row[said] for said in texts]]

    def _turned(self, said: str, data: bytes) -> bytes:
        """A vector's bytes sealed, or sealed ones opened."""
        import numpy as np

        key = np.frombuffer(shake_128(_salted("seal", self.model_id, said)).digest(len(data)), dtype=np.uint8)
        return (np.frombuffer(data, dtype=np.uint8) ^ key).tobytes()

    def _read(self, names: Sequence[UUID]) -> tuple[dict[UUID, bytes], list[UUID]]:
        """Sealed vectors of as many numbers as they should have, and names of those that were not used today."""
        if not names:
            return {}, []
        with self._database.tenant(self._tenant) as session, session.transaction() as connection:
            rows = connection.execute(
                text("""SELECT e.name, e.sealed, e.used_on < current_date AS idle
                        FROM unnest(CAST(:names AS uuid[])) AS wanted (name) CROSS JOIN LATERAL (
                            SELECT * FROM embeddings WHERE name = wanted.name LIMIT 1) e -- each by the key, none by all
                        WHERE length(e.sealed) = :size"""),
                {"names": list(map(str, names)), "size": 4 * self.dimension},
            ).all()
        return {row.name: bytes(row.sealed) for row in rows}, [row.name for row in rows if row.idle]

    def _write(self, made: Sequence[tuple[UUID, bytes]], idle: Sequence[UUID]) -> None:
        """In the order of names, and past what another run is noting as used: no two runs wait for each other."""
        with self._database.tenant(self._tenant) as session, session.transaction() as connection:
            if idle:
                connection.execute(
                    text("""UPDATE embeddings SET used_on = current_date WHERE name IN (
                                SELECT name FROM embeddings WHERE name = ANY(CAST(:names AS uuid[]))
                                FOR UPDATE SKIP LOCKED)"""),
                    {"names": list(map(str, idle))},
                )
            if not made:
                return
            rows = ((name, rb"\x" + sealed.hex().encode()) for name, sealed in made)
            temp_rows(connection, "made", {"name": "uuid", "sealed": "bytea"}, rows)
            connection.execute(
                text("""INSERT INTO embeddings (tenant_id, name, sealed)
                        SELECT current_tenant(), name, sealed FROM made ORDER BY name ON CONFLICT DO NOTHING""")
            )


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of a tenant's vectors: those used within so many days, and so many of them at most."""

    days: int
    most: int

    @classmethod
    def of(cls, said: str) -> "Keep":
        """From the setting ``TG_EMBEDDINGS_KEEP``: ``90d,250000``."""
        days, _, most = said.partition("d,")
        return cls(int(days), int(most))


def trim(connection: Connection, keep: Keep) -> int:
    """Drop what is beyond ``keep``, the longest unused first; returns how many vectors went."""
    gone = connection.execute(
        text("DELETE FROM embeddings WHERE used_on < current_date - CAST(:days AS int)"), {"days": keep.days}
    )
    beyond = connection.execute(
        text("""DELETE FROM embeddings WHERE name IN (
                    SELECT name FROM embeddings ORDER BY used_on DESC, name OFFSET :most)"""),
        {"most": keep.most},
    )
    return gone.rowcount + beyond.rowcount


def _name(model: str, said: str) -> UUID:
    return UUID(bytes=sha256(_salted("name", model, said)).digest()[:16])


def _salted(use: str, model: str, said: str) -> bytes:
    return f"{use}\0{model}\0{said}".encode("utf-8", "surrogatepass")
