"""A stranger's picture made safe to pass on: decoded in a worker, encoded again, without what else was in the file.

A provider on another machine gets these bytes, never the sender's: no position, no camera, no second picture, no
trailing data. What does not belong here: asking a provider.
"""

import base64
import io
from dataclasses import dataclass

from tg_assets.sandbox.pool import Sandbox
from tg_assets.sandbox.worker import Header, Task
from tg_assets.vision.decode import WORK_SIDE, weigh

_QUALITY = 90
_SANDBOX = Sandbox("tg_assets.vision.prepare:tasks")


@dataclass(frozen=True)
class Prepared:
    """``jpeg`` is upright RGB without metadata; ``width`` and ``height`` are the original's; ``phash`` and ``thumb``
    are those of ``similar``, 32 and 1024 bytes, or none where nobody asked."""

    jpeg: bytes
    width: int
    height: int
    format: str
    animated: bool
    phash: bytes
    thumb: bytes


def prepare(data: bytes, mime: str, side: int, *, prints: bool = True) -> Prepared:
    """The picture with its longest side at most ``side`` pixels (and ``WORK_SIDE``).

    What it is compared by takes longer than all the rest, and a second the first time: ``prints`` is whether it is
    wanted.

    Raises ``Refused``; ``TgAssetsError`` when no worker can be started.
    """
    weigh(data)
    said, jpeg = _SANDBOX.call({"mime": mime, "side": side, "prints": prints}, data)
    return Prepared(
        jpeg=jpeg,
        width=int(said["width"]),
        height=int(said["height"]),
        format=str(said["format"]),
        animated=bool(said["animated"]),
        phash=base64.b64decode(said["phash"]),
        thumb=base64.b64decode(said["thumb"]),
    )


def warm() -> None:
    """Have a worker ready for the first picture. Raises TgAssetsError when none can be started."""
    _SANDBOX.warm()


def tasks() -> Task:
    """What the worker does with one picture."""
    from tg_assets.vision.decode import decode
    from tg_assets.vision.similar import phash, thumb

    def task(header: Header, data: bytes) -> tuple[Header, bytes]:
        picture = decode(data, header["mime"])
        wanted = bool(header["prints"])
        prints = {name: of(picture.image) if wanted else b"" for name, of in (("phash", phash), ("thumb", thumb))}
        side = max(1, min(int(header["side"]), WORK_SIDE))
        picture.image.thumbnail((side, side))
        jpeg = io.BytesIO()
        picture.image.save(jpeg, "JPEG", quality=_QUALITY)
        return {
            "width": picture.width,
            "height": picture.height,
            "format": picture.format,
            "animated": picture.animated,
            **{name: base64.b64encode(value).decode() for name, value in prints.items()},
        }, jpeg.getvalue()

    return task
