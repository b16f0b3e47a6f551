"""Reading an export to its end into the staging table, counting what is in it.

Nothing lands here: a file that turns out to be broken has changed nothing when the error is raised. Memory
holds one batch of messages, whatever the size of the file.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets import ids
from tg_assets.importing import landing
from tg_assets.importing.options import ImportOptions, Progress
from tg_assets.importing.report import ChatReport
from tg_assets.jsonb import jsonb
from tg_assets.landing.incoming import Incoming, copy_incoming
from tg_assets.telegram.archive import ExportArchive
from tg_assets.telegram.desktop import ExportedChat, message_hash, read_export
from tg_assets.telegram.desktop_post import author_of, media_of, read_words
from tg_assets.telegram.fields import integer
from tg_assets.telegram.members import Members
from tg_assets.telegram.message import MessageHead, read_head, zone_of
from tg_assets.telegram.off_limits import OffLimits
from tg_assets.telegram.words import unread_of, wordless_kind

BATCH = 5000
# Messages are small, but a batch of them must be so whatever they are.
BATCH_CHARACTERS = 32 << 20


@dataclass(slots=True)
class StagedChat:
    """A chat whose messages are in the staging table under ``number``."""

    number: int
    chat: ExportedChat
    channel: UUID | None
    """Id of the chat; None while nobody has said whose account this private chat is from."""
    report: ChatReport
    members: Members
    dated: dict[str, Any] | None = None
    """The last message that gives both forms of its date: it tells the zone for those that give one."""
    rejected: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(hash, entry, reason, payload JSON)"""


def stage_export(
    archive: ExportArchive,
    name: str,
    connection: Connection,
    options: ImportOptions,
    tenant: UUID,
    off_limits: OffLimits,
    progress: Progress,
) -> list[StagedChat]:
    """Read one JSON file of an export into the staging table; returns its chats in order of the file."""
    chats: list[StagedChat] = []
    batch: list[Incoming] = []
    messages = characters = 0
    # One batch travels to the server while the next one is read: a good part of this time is the server's.
    with archive.open_json(name) as stream, ThreadPoolExecutor(1) as sender:
        sent: Future[None] | None = None
        export, broken = read_export(stream, name), 0
        for ordinal, event in enumerate(export):
            if isinstance(event, ExportedChat):
                title = event.name or event.type or str(event.id)
                report = ChatReport(title, never_read=off_limits.has_exported(event))
                channel = _channel(event, options, tenant)
                chats.append(StagedChat(len(chats), event, channel, report, Members(event)))
                continue
            messages += 1
            if chats[-1].report.never_read:
                chats[-1].report.counts["messages"] += 1
                broken = export.broken
                continue
            row = _row(ordinal, event, chats[-1], options.tz)
            chats[-1].report.counts["broken"] += export.broken - broken
            broken = export.broken
            if row is not None:
                batch.append(row)
                characters += len(row.raw)
            if len(batch) >= BATCH or characters > BATCH_CHARACTERS:
                if sent is not None:
                    sent.result()
                sent = sender.submit(copy_incoming, connection, batch)
                batch, characters = [], 0
                progress(f"reading {name}", messages, 0)
        if sent is not None:
            sent.result()
    copy_incoming(connection, batch)
    landing.index_staging(connection)
    for chat in chats:
        chat.report.never_read = off_limits.has_exported(chat.chat, chat.members.people)
    progress(f"reading {name}", messages, messages)
    return chats


def _channel(chat: ExportedChat, options: ImportOptions, tenant: UUID) -> UUID | None:
    """Id of a chat as its header says; None for a private one whose account is not known yet."""
    owner = options.owner_id or chat.owner_id if chat.source in ids.PER_ACCOUNT else 0
    return None if owner is None else ids.channel_id(tenant, chat.peer_id, owner)


def _row(ordinal: int, raw: dict[str, Any], staged: StagedChat, tz: tzinfo) -> Incoming | None:
    """One message as a row of the staging table; None when it was rejected."""
    if "date_unixtime" in raw:
        staged.dated = raw
        zone: tzinfo | None = None
    else:
        zone = zone_of(staged.dated)
    head = read_head(raw, zone or tz)
    digest = message_hash(raw)
    if not isinstance(head, MessageHead):
        staged.report.rejected[head] += 1
        number = integer(raw.get("id"))
        entry = "message" if number is None else f"message {number}"
        staged.rejected.append((digest, entry, head, jsonb(raw)))
        return None
    _count(staged, head, raw)
    media = (
        [{key: value for key, value in asdict(ref).items() if value is not None} for ref in media_of(raw)]
        if head.has_media
        else []
    )
    staged.report.counts["with_media"] += bool(media)
    return Incoming(
        ordinal=ordinal,
        channel_id=staged.channel,
        message_id=head.message_id,
        id=ids.post_id(staged.channel, head.message_id) if staged.channel else None,
        posted_at=head.posted_at,
        edited_at=head.edited_at,
        version_at=None,
        format="desktop",
        is_service=head.is_service,
        grouped_id=None,
        raw=jsonb(raw),
        raw_hash=digest,
        media=jsonb(media),
        chat=staged.number,
    )


def _count(staged: StagedChat, head: MessageHead, raw: dict[str, Any]) -> None:
    report = staged.report
    report.saw(head.posted_at)
    report.counts["service" if head.is_service else "messages"] += 1
    report.counts["replies"] += "reply_to_message_id" in raw
    report.counts["forwards"] += "forwarded_from" in raw or "forwarded_from_id" in raw
    report.unread.update(unread_of(raw))
    if not (head.is_service or head.has_media or raw.get("text") or read_words(raw)[1].whole.content):
        report.wordless[wordless_kind(raw)] += 1
    if staged.chat.source in ids.PER_ACCOUNT:
        staged.members.saw(author_of(raw))
