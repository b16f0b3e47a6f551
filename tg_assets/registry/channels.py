"""Feeds and chats of a tenant: registering them, and finding the chats that a scope covers.

A feed is what is followed as one unit; its key is ``tenant.slug``. A chat is assigned to a feed once, when it
is registered. Beyond the feed budget new chats go to shared bucket feeds, so Dagster's partitions stay usable.
All functions work inside a tenant's transaction; row security limits them to that tenant.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.partitions import check_feed, feed_budget
from tg_assets.scope import Scope
from tg_assets.settings import Settings
from tg_assets.telegram.fields import one_line

BUCKETS = 16

_CYRILLIC = dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)) | {
    "ё": "e", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu",
    "я": "ya",
}  # fmt: skip
# Whether an event is about the chat ``c``, as far as accounts go, by the ``owner`` and the ``user`` that it names.
OF_ACCOUNT = """
    CASE WHEN c.owner_id = 0 THEN c.source = 'channel' OR coalesce({owner}, '0') = '0'
         ELSE c.owner_id::text IN ({owner}, {user}) END
"""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as its source names it; ``owner_id`` is the account that a private chat belongs to, 0 when shared.

    Unless it ``renames``, a chat that is registered already keeps its title.
    """

    tg_channel_id: int
    source: str
    title: str | None
    username: str | None = None
    owner_id: int = 0
    renames: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))

    @property
    def peer_id(self) -> int:
        """Marked id of its peer, which tells the kind, too."""
        return ids.peer_id(self.tg_channel_id, self.source)


def slug(title: str | None, fallback: str) -> str:
    """A feed slug in ``[a-z0-9_-]`` from a title; Russian is transliterated letter by letter."""
    lowered = unicodedata.normalize("NFC", title or "").lower()
    latin = "".join(_CYRILLIC.get(letter, letter) for letter in lowered)
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:48].strip("-_") or fallback


def register_tenant(connection: Connection, tenant_slug: str) -> UUID:
    """Make sure that the tenant of this transaction has its row."""
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", tenant_slug):
        raise TgAssetsError(f"Tenant {tenant_slug!r} is not usable: 1 to 40 of a-z, 0-9, _ and - please.")
    connection.execute(
        text("INSERT INTO tenants (id, slug, name) VALUES (:id, :slug, :slug) ON CONFLICT DO NOTHING"),
        {"id": ids.tenant_id(tenant_slug), "slug": tenant_slug},
    )
    return ids.tenant_id(tenant_slug)


def register_chat(
    connection: Connection,
    settings: Settings,
    tenant_slug: str,
    chat: Chat,
    feed: str | None,
    feeds_in_use: int,
) -> tuple[UUID, str]:
    """Register a chat once; returns its id and its feed's key. A registered chat keeps its feed.

    ``feed`` is a slug or a full key chosen by a person; ``feeds_in_use`` counts the installation's feeds.
    """
    if settings.off_limits.has(chat.tg_channel_id, chat.source, chat.username):
        raise TgAssetsError("This chat is never read: it carries login codes, or TG_NEVER_READ names it.")
    tenant = ids.tenant_id(tenant_slug)
    channel = ids.channel_id(tenant, chat.peer_id, chat.owner_id)
    known = connection.execute(text("SELECT feed FROM channels WHERE id = :id"), {"id": channel}).scalar()
    if known is not None:
        if feed and known != _key(tenant_slug, feed):
            raise TgAssetsError(f"This chat is already in feed {known}; a chat's feed is chosen once.")
        connection.execute(
            text("""UPDATE channels SET title = coalesce(:title, title), username = coalesce(:username, username)
                    WHERE id = :id AND (title, username) IS DISTINCT FROM
                          (coalesce(:title, title), coalesce(:username, username))"""),
            {"id": channel, "title": chat.title if chat.renames else None, "username": chat.username},
        )
        return channel, str(known)
    key, kind, title = _choose_feed(connection, settings, tenant_slug, chat, feed, feeds_in_use)
    connection.execute(
        text("""INSERT INTO feeds (tenant_id, key, kind, title) VALUES (:tenant, :key, :kind, :title)
                ON CONFLICT (tenant_id, key) DO UPDATE SET kind = 'collection'
                WHERE feeds.kind NOT IN ('bucket', 'collection')"""),
        {"tenant": tenant, "key": key, "kind": kind, "title": title},
    )
    connection.execute(
        text("""INSERT INTO channels (tenant_id, id, owner_id, tg_channel_id, source, title, username, feed)
                VALUES (:tenant, :id, :owner, :tg, :source, :title, :username, :feed)"""),
        {
            "tenant": tenant,
            "id": channel,
            "owner": chat.owner_id,
            "tg": chat.tg_channel_id,
            "source": chat.source,
            "title": chat.title,
            "username": chat.username,
            "feed": key,
        },
    )
    return channel, key


def _key(tenant_slug: str, feed: str) -> str:
    return check_feed(feed if feed.startswith(f"{tenant_slug}.") else f"{tenant_slug}.{feed}")


def _choose_feed(
    connection: Connection, settings: Settings, tenant_slug: str, chat: Chat, feed: str | None, in_use: int
) -> tuple[str, str, str]:
    """Key, kind and title of a new chat's feed: the one asked for, its own, or past the budget a bucket.

    Keys are in Dagster's pages and logs, so that of a private chat tells nobody's name; the title does.
    """
    kind = "group" if chat.source == "persona" else chat.source
    title = chat.title or chat.username or f"{kind} {abs(chat.tg_channel_id)}"
    if feed:
        key = _key(tenant_slug, feed)
        return key, kind, key.partition(".")[2] if chat.owner_id else title
    if in_use >= feed_budget(settings, datetime.now(UTC).date()):
        number = crc32(str(chat.tg_channel_id).encode()) % BUCKETS
        return f"{tenant_slug}.bucket-{number:02d}", "bucket", f"Bucket {number:02d}"
    if chat.owner_id:
        channel = ids.channel_id(ids.tenant_id(tenant_slug), chat.peer_id, chat.owner_id)
        base = _key(tenant_slug, ids.private_name(channel, chat.source))
    else:
        base = _key(tenant_slug, slug(chat.username or chat.title, f"{kind}-{abs(chat.tg_channel_id)}"))
    taken = set(connection.execute(text("SELECT key FROM feeds")).scalars())
    key, number = base, 2
    while key in taken:  # two chats may share a title; each keeps its own feed
        key, number = f"{base}-{number}", number + 1
    return key, kind, title


def channels_of(connection: Connection, scope: Scope) -> list[UUID]:
    """Ids of the chats that a scope covers; raises TgAssetsError for an unknown feed or chat."""
    rows = connection.execute(
        text("""SELECT id, peer_id::text, tg_channel_id::text, lower(username), lower(title)
                FROM channels WHERE feed = :feed"""),
        {"feed": scope.feed},
    ).all()
    if not rows:
        raise TgAssetsError(f"Feed {scope.feed} has no chats. `tg-assets feeds` lists the feeds there are.")
    if not scope.channels:
        return [row[0] for row in rows]
    found: list[UUID] = []
    for wanted in scope.channels:
        name = wanted.removeprefix("@").lower()
        # The negative id of direct messages may be a small group's own, which then is meant.
        matching = [row[0] for row in rows if row[1] == name] or [row[0] for row in rows if name in row[2:]]
        if not matching:
            raise TgAssetsError(f"Feed {scope.feed} has no chat {wanted!r}. `tg-assets feeds --chats` lists them.")
        found += matching
    return found
