"""Storing files that were fetched, and recording what became of media, in one transaction.

What is known of media goes in as facts, so later versions of their messages keep it. A file is stored by its
content, once per tenant, and a content that was about to be swept away is kept. What does not belong here: fetching.
"""

import mimetypes
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.downloading.missing import Message, Missing
from tg_assets.downloading.partial import Partial
from tg_assets.events.media_list import UNKNOWN_MIME, Item
from tg_assets.ids import media_object_id
from tg_assets.jsonb import jsonb
from tg_assets.keys import media_key
from tg_assets.landing.facts import Fact, apply_facts, keep_facts
from tg_assets.ledger import dirty
from tg_assets.stores.objects import ObjectStore

AT_ONCE = 8
BATCH_MESSAGES, BATCH_BYTES, BATCH_SECONDS = 50, 64 << 20, 10.0
LONGEST_EXTENSION = 10

# Where mimetypes knows none, or one that depends on the machine.
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/webp": "webp", "audio/ogg": "ogg", "audio/mpeg": "mp3", "video/mp4": "mp4",
    "video/webm": "webm", "application/x-tgsticker": "tgs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete file, by the name of its partial file, which is None once it is stored. Several media may be it."""

    name: str
    sha256: str
    size: int
    partial: Partial | None


@dataclass(slots=True)
class Batch:
    """Messages to be recorded together."""

    messages: list[Message] = field(default_factory=list)
    files: list[tuple[Missing, Fetched]] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        """Whether it is to be recorded now."""
        return (
            len(self.messages) >= BATCH_MESSAGES
            or sum(file.size for _, file in self.files) >= BATCH_BYTES
            or (bool(self.messages) and time.monotonic() - self.since > BATCH_SECONDS)
        )


def store(
    connection: Connection,
    objects: ObjectStore,
    tenant: UUID,
    files: Sequence[tuple[Missing, Fetched]],
    keys: dict[str, str],
) -> None:
    """Put files into the object store and note in their items where they are.

    ``keys`` has the keys of contents that this run has stored, by hash; new ones are added.
    """
    new = {file.sha256: (one, file) for one, file in reversed(files) if file.sha256 not in keys}
    wanted = {sha256: media_key(tenant, sha256, extension_of(one.item)) for sha256, (one, _) in new.items()}
    # The row decides on the key, whoever else is about to store the same; it stays locked until the bytes are there.
    rows = connection.execute(
        text("""INSERT INTO media_objects AS o (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key)
                SELECT current_tenant(), k.* FROM unnest(
                    CAST(:ids AS uuid[]), CAST(:hashes AS text[]), CAST(:mimes AS text[]), CAST(:sizes AS bigint[]),
                    array_fill(CAST(:bucket AS text), ARRAY[CAST(:count AS int)]), CAST(:keys AS text[])) k (id, sha256)
                ORDER BY k.sha256
                ON CONFLICT (tenant_id, sha256) DO UPDATE SET dropped_at = NULL, s3_bucket = excluded.s3_bucket
                RETURNING o.sha256, o.s3_key"""),
        {
            "ids": [str(media_object_id(tenant, sha256)) for sha256 in new],
            "hashes": list(new),
            "mimes": [mime_of(one.item) for one, _ in new.values()],
            "sizes": [file.size for _, file in new.values()],
            "bucket": objects.bucket,
            "count": len(new),
            "keys": list(wanted.values()),
        },
    )
    chosen = {row.sha256: row.s3_key for row in rows}

    def put(sha256: str) -> tuple[str, str]:
        partial = new[sha256][1].partial
        assert partial is not None  # else its key were known
        with partial.open() as stream:
            objects.put_once(chosen[sha256], stream)
        return sha256, chosen[sha256]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        keys.update(pool.map(put, new))
    for one, file in files:
        item = {name: value for name, value in one.item.items() if name != "missing_reason"}
        item.update(sha256=file.sha256, key=keys[file.sha256], size=file.size, file_id=one.at.id if one.at else 0)
        item["mime"] = mime_of(item)
        one.message.items[one.place] = item
        one.message.is_changed = True


def record(connection: Connection, messages: Sequence[Message], mark_from: date | None) -> None:
    """Record the media of messages, and which of these are gone; with ``mark_from`` mark their partitions dirty."""
    now = datetime.now(UTC)
    changed = [one for one in messages if one.is_changed]
    later = _later(connection, changed, now)
    facts = [
        Fact(one.id, "media", one.channel, one.number, later.get(one.id, now), jsonb({"files": one.items}))
        for one in changed
    ]
    facts += [Fact(one.id, "deleted", one.channel, one.number, now, "{}") for one in messages if one.is_deleted]
    connection.execute(
        text("CREATE TEMP TABLE landed (id uuid, channel_id uuid, posted_at timestamptz, was bigint) ON COMMIT DROP")
    )
    keep_facts(connection, facts)
    apply_facts(connection)
    if mark_from is not None:
        dirty.mark(connection, mark_from)


def _later(connection: Connection, messages: Sequence[Message], now: datetime) -> dict[UUID, datetime]:
    """When media were looked at that were so at a time to come, before the clock was set back: later than that. Else
    what is recorded would not count, and be fetched again and again until that time."""
    rows = connection.execute(
        text("""SELECT id, version_at FROM message_facts
                WHERE kind = 'media' AND version_at >= :now AND id = ANY(CAST(:ids AS uuid[]))"""),
        {"now": now, "ids": [str(one.id) for one in messages]},
    )
    return {id_: version_at + timedelta(microseconds=1) for id_, version_at in rows.tuples()}


def mime_of(item: Item) -> str:
    """Its MIME type, or the one that its name suggests."""
    return item.get("mime") or mimetypes.guess_type(item.get("file_name", ""))[0] or UNKNOWN_MIME


def extension_of(item: Item) -> str:
    """What a stored file's key ends in, without a dot: as in its name, else as its MIME type says."""
    for name in (PurePosixPath(item.get("file_name", "")).suffix, _from_mime(item.get("mime", ""))):
        extension = name.lstrip(".").lower()
        if extension.isascii() and extension.isalnum() and len(extension) <= LONGEST_EXTENSION:
            return str(extension)
    return "bin"


def _from_mime(mime: str) -> str:
    return _EXTENSIONS.get(mime) or mimetypes.guess_extension(mime) or ""
