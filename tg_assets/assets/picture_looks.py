"""What pictures look like, beside what is said of them: a fingerprint of each content, so that look-alikes are found.

The second stage of ``vision_summaries``. A content that a provider has fingerprinted already is not looked at again.
What does not belong here: fingerprints themselves (``vision.similar``), comparing them (``answers.picture_search``).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, text

from resources.vision import TenantVision
from tg_assets.assets.tools import Tools
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.sandbox.pool import WORKERS
from tg_assets.sandbox.provider import Refused
from tg_assets.scope import Scope
from tg_assets.stores.database import temp_rows
from tg_assets.stores.objects import ObjectStore
from tg_assets.vision.contents import WORTH
from tg_assets.vision.policy import PICTURES
from tg_assets.vision.prepare import prepare
from tg_assets.vision.similar import Fingerprint

NAME = "vision_summaries.looks"
VERSION = "1"
PROVIDER, MODEL = "looks", "phash"
"""Under which a fingerprint is kept in ``pictures``."""
LOST = "its object is missing from the object store, or is another file"

INPUTS = f"""
    WITH wanted AS (
        SELECT id, channel_id, posted_at FROM messages
        WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until AND deleted_at IS NULL
    )
    SELECT m.id AS item_id, m.posted_at AS at, 0 AS tokens,
           md5(string_agg(p.sha256, ',' ORDER BY p.position)) AS input_hash
    FROM wanted m JOIN ({PICTURES}) p ON p.post_id = m.id
    WHERE p.sha256 IS NOT NULL AND p.policy IS NULL
    GROUP BY m.id, m.posted_at
"""  # noqa: S608 - constants
_UNSEEN = f"""
    WITH wanted AS (SELECT m.id, m.channel_id FROM chunk JOIN messages m ON m.id = chunk.item_id)
    SELECT p.sha256, o.s3_key, coalesce(o.mime, p.mime) AS mime, array_agg(p.post_id) AS posts
    FROM ({PICTURES}) p JOIN media_objects o ON o.sha256 = p.sha256
    WHERE p.policy IS NULL AND NOT EXISTS (SELECT FROM pictures x WHERE x.sha256 = p.sha256 AND x.looks IS NOT NULL)
    GROUP BY p.sha256, o.s3_key, coalesce(o.mime, p.mime) ORDER BY p.sha256
"""  # noqa: S608 - constants

Look = Callable[[bytes, str], Fingerprint]


def fingerprint(data: bytes, mime: str) -> Fingerprint:
    """What a picture looks like. Raises ``Refused``."""
    made = prepare(data, mime, 1)
    return made.phash, made.thumb


def unlooked(data: bytes, mime: str) -> Fingerprint:
    """Stands in where nothing is kept: a dry run counts, and decodes nothing."""
    return bytes(32), bytes(1024)


def stage(vision: TenantVision, objects: ObjectStore, look: Look = fingerprint) -> Stage:
    """The stage, for the pictures that a tenant's policy lets be looked at."""

    def work(chunk: Chunk) -> Outcome:
        contents = chunk.connection.execute(text(_UNSEEN), vision.policy.values()).all()

        def seen(one: Any) -> Fingerprint | str:
            data = objects.media(one.s3_key, one.sha256)
            if data is None:
                return LOST
            try:
                return look(data, one.mime or "")
            except Refused as refused:
                return f"refused: {refused.reason}"

        with ThreadPoolExecutor(WORKERS if len(contents) >= WORTH else 1) as pool:
            found = list(zip(contents, pool.map(seen, contents), strict=True))
        keep(chunk.connection, [(one.sha256, is_) for one, is_ in found if not isinstance(is_, str)])
        outcome = Outcome()
        outcome.counts["fingerprints"] = sum(not isinstance(is_, str) for _, is_ in found)
        for one, why in found:
            if isinstance(why, str):
                (outcome.failed if why == LOST else outcome.skipped).update(dict.fromkeys(one.posts, why))
        return outcome

    return Stage(NAME, VERSION, INPUTS, work, chunk_size=200, values=vision.policy.values())


def of(tools: Tools, scope: Scope) -> Stage:
    """The stage of a scope's tenant; a dry run decodes nothing."""
    look = unlooked if tools.is_rehearsed else fingerprint
    return stage(tools.vision(scope.tenant_slug), tools.objects, look)


def keep(connection: Connection, looks: Sequence[tuple[str, Fingerprint]]) -> None:
    """Keep fingerprints of contents, given with their sha256."""
    rows = [(sha256, f"{int.from_bytes(phash):0256b}", thumb.hex()) for sha256, (phash, thumb) in looks]
    temp_rows(connection, "looked", {"sha256": "text", "looks": "text", "thumbnail": "text"}, rows)
    connection.execute(
        text("""INSERT INTO pictures (tenant_id, sha256, provider, model, vision_version, looks, thumbnail)
                SELECT current_tenant(), sha256, :provider, :model, :version, looks::bit(256), decode(thumbnail, 'hex')
                FROM looked
                ON CONFLICT (tenant_id, sha256, provider, model) DO UPDATE SET
                    vision_version = excluded.vision_version, looks = excluded.looks,
                    thumbnail = excluded.thumbnail"""),
        {"provider": PROVIDER, "model": MODEL, "version": VERSION},
    )
