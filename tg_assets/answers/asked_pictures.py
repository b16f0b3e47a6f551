"""Pictures that look like a post's own: by the perceptual hashes of pictures that were described.

What does not belong here: which posts show them.
"""

from typing import Any

from sqlalchemy import Connection, text

from tg_assets.errors import NoSuch
from tg_assets.vision.policy import IS_PICTURE
from tg_assets.vision.similar import SAME, same

_NEAR = """
    SELECT DISTINCT ON (p.sha256) p.sha256, bit_count(p.looks # own.looks)::int AS bits,
           p.looks::text AS looks, p.thumbnail, own.looks::text AS own_looks, own.thumbnail AS own_thumbnail
    FROM pictures own JOIN pictures p ON bit_count(p.looks # own.looks) <= :near AND p.sha256 <> own.sha256
    WHERE own.sha256 = :sha256 AND p.thumbnail IS NOT NULL AND own.thumbnail IS NOT NULL
    ORDER BY p.sha256, bits
"""


def look_alikes(connection: Connection, post: str) -> list[dict[str, Any]]:
    """The picture of a post and those that look the same: ``sha256``, by how many of 256 ``bits`` it differs, ``post``.

    Raises TgAssetsError when the post has no picture.
    """
    own = connection.execute(
        text(f"""SELECT p.sha256 FROM post_media_map p
                 WHERE p.post_id = CAST(:post AS uuid) AND p.position = 0 AND p.sha256 IS NOT NULL AND {IS_PICTURE}"""),  # noqa: S608
        {"post": post},
    ).scalar()
    if own is None:
        raise NoSuch("This post has no picture that was stored.", "pictures")
    found = {own: 0}
    for row in connection.execute(text(_NEAR), {"sha256": own, "near": SAME}):
        mine = int(row.own_looks, 2).to_bytes(32), bytes(row.own_thumbnail)
        if same(mine, (int(row.looks, 2).to_bytes(32), bytes(row.thumbnail))):
            found[row.sha256] = row.bits
    return [{"sha256": sha256, "bits": bits, "post": post} for sha256, bits in found.items()]
