"""Golden sets as archives: imported, through the stages that make words, units and points, and asked as people ask.

Messages that are questions of the kind ``reply`` are left out before the import, so that nothing is found by the
question itself, nor raised by its neighbourhood. What does not belong here: the questions (``golden_sets``), measures.
"""

import gzip
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import text

from benchmarks.golden_sets import Ask, Golden, Row, chat, sample, sample_rows
from benchmarks.ingest import EXPORT
from benchmarks.line import _tools
from benchmarks.talks import talk
from tests.support.data import ROOT
from tg_assets import assets, ids
from tg_assets.answers.archive import Archive
from tg_assets.assets.order import ordered
from tg_assets.conversations import lookup
from tg_assets.embedder import Embedder
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.redis import client

SPAN = (datetime(2010, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
SEEN = (
    "posts", "tags", "media_objects", "media_groups", "vision_summaries", "album_summaries", "transcripts",
    "conversations", "qdrant_points",
)  # fmt: skip
SAID = ("posts", "conversations", "qdrant_points")
SAMPLE = ROOT / "samples" / "export"


@dataclass(frozen=True)
class World:
    """Questions and rows, the archive that holds the rows, and which rows belong together.

    ``ids`` are the rows' in the archive; ``near`` has a row's neighbours and their places,
    ``units`` rows of windows and threads.
    """

    golden: Golden
    archive: Archive
    ids: Sequence[str]
    near: Mapping[int, Mapping[int, int]]
    units: Sequence[Sequence[int]]


def of_sample(embedder: Embedder) -> tuple[World, World]:
    """The bundled export: all questions but replies, and replies, whose archive has no pictures."""
    seen = Made("golden", SAMPLE, SEEN, embedder)
    found = seen.sample()
    golden = sample(found)
    kinds = dict.fromkeys(ask.kind for ask in golden.asks)
    replies = golden.of("reply")
    asked = {(row.chat, row.number) for row in golden.rows} - {(row.chat, row.number) for row in replies.rows}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        shutil.copytree(SAMPLE, path)
        whole = orjson.loads((path / "result.json").read_bytes())
        for one in whole["chats"]["list"]:
            one["messages"] = [m for m in one["messages"] if (one.get("name"), m["id"]) not in asked]
        (path / "result.json").write_bytes(orjson.dumps(whole))
        said = Made("golden-replies", path, SAID, embedder)
    return (
        seen.world(golden.of(*(kind for kind in kinds if kind != "reply")), [str(row.id) for row in found]),
        said.world(replies, said.posts(replies)),
    )


def of_chat(embedder: Embedder, first: int, last: int, most: int) -> World:
    """Messages number ``first`` to ``last`` of the export beside the checkout, without those that are questions."""
    golden = chat(EXPORT, first, last, most).of("reply")
    numbers = {row.number for row in golden.rows}
    whole = orjson.loads(gzip.decompress(EXPORT.read_bytes()))
    kept = [message for message in whole["messages"] if message["id"] in numbers]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        path.write_bytes(orjson.dumps({**whole, "messages": kept}))
        made = Made(f"golden-chat-{first}", path, SAID, embedder)
    return made.world(golden, made.posts(golden))


def of_talk(embedder: Embedder, name: str) -> World:
    """A dialogue of ``talks``, as a supergroup of two, which is the tenant's."""
    said = talk(name)
    rows = [Row(one.text, one.author, one.chat, number) for number, one in enumerate(said.lines, 1)]
    messages = [
        {
            "id": row.number, "type": "message", "date_unixtime": str(int(line.at.timestamp())), "text": row.text,
            "from": row.author, "from_id": f"user{1 + (row.author != rows[0].author)}",
        }
        for row, line in zip(rows, said.lines, strict=True)
    ]  # fmt: skip
    golden = Golden(rows, [Ask("asked", question, evidence, frozenset()) for question, evidence in said.questions])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        whole = {"name": rows[0].chat, "type": "private_supergroup", "id": crc32(name.encode()), "messages": messages}
        path.write_bytes(orjson.dumps(whole))
        made = Made(f"golden-{name.replace('_', '-')}", path, SAID, embedder)
    return made.world(golden, made.posts(golden))


class Made:
    """A tenant of its own with an export in it, after some stages."""

    def __init__(self, slug: str, path: Path, names: Iterable[str], embedder: Embedder) -> None:
        streams = SimpleNamespace(client=lambda: client(load_settings().require("redis_url")))
        self.tools = tools = _tools(redis=streams)
        reports = import_export(path, ImportOptions(slug), tools.settings, tools.database, tools.objects, _silent)
        self.tenant = ids.tenant_id(slug)
        tools.vectors.create_collection(embedder)
        with tools.database.tenant(self.tenant) as session:
            for asset in ordered(assets.ASSETS):
                if asset.prepare and asset.name in names:
                    asset.prepare(tools)
                for report in reports if asset.name in names else ():
                    scope = Scope(report.feed, *SPAN)
                    for stage in asset.stages(tools):
                        run_stage(stage(scope) if callable(stage) else stage, session, scope)
        owners = tuple(row.owner_id for row in self.rows("SELECT DISTINCT owner_id FROM channels WHERE owner_id <> 0"))
        self.archive = Archive(
            tenant=self.tenant, owners=owners, postgres=tools.database, vectors=tools.vectors, graph=tools.graph,
            objects=tools.objects, embedder=lambda: embedder,
        )  # fmt: skip

    def sample(self) -> list[Any]:
        """What can be found in the sample, as ``golden_sets.sample`` takes it."""
        with self.tools.database.tenant(self.tenant) as session, session.transaction() as connection:
            return sample_rows(connection)

    def rows(self, statement: str) -> list[Any]:
        with self.tools.database.tenant(self.tenant) as session, session.transaction() as connection:
            return list(connection.execute(text(statement)))

    def posts(self, golden: Golden) -> list[str]:
        """Ids of the rows, by chat and number; one that is not there has none."""
        found = self.rows(
            "SELECT m.id::text, m.telegram_message_id, c.title FROM messages m JOIN channels c ON c.id = m.channel_id"
        )
        named = {(row.title, row.telegram_message_id): row.id for row in found}
        return [named.get((row.chat, row.number), "") for row in golden.rows]

    def world(self, golden: Golden, named: Sequence[str]) -> World:
        place = {one: number for number, one in enumerate(named) if one}
        with self.archive.reading() as connection:
            near = lookup.around(connection, sorted(place))
        members = self.rows("SELECT CAST(posts AS text[]) AS posts FROM conversations WHERE deleted_at IS NULL")
        return World(
            golden,
            self.archive,
            named,
            {place[one]: {place[n]: at for n, at in others.items() if n in place} for one, others in near.items()},
            [[place[one] for one in unit.posts if one in place] for unit in members],
        )


def _silent(*_: object) -> None:
    """Progress of the import that nobody watches."""
