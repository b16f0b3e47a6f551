"""``pictures``: those that words mean, or that are like another one."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
from rich.padding import Padding
from rich.text import Text

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import opened
from tg_assets.cli.runtime import console
from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.provider import Refused
from tg_assets.vision.picture_words import is_russian

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg_assets.answers.archive import Archive
    from tg_assets.answers.picture_search import Look, Picture

WHY = {"words": "", "looks": "looks like it", "shows": "shows the same"}
WIDE = 48
"""Columns of a small picture."""
TEXT = 160
"""Characters that are shown of what was said with it."""


@click.command("pictures")
@click.argument("query", required=False)
@click.option("--like", metavar="FILE|POST|SHA256", help="Pictures like this one: a file, a post's id, a content.")
@click.option("--tenant", default="default", show_default=True)
@click.option("--feed", "feeds", multiple=True, help="Only these feeds.")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are looked through too.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--preview", is_flag=True, help="Show them small, in a terminal with colours.")
@json_option
def pictures_command(
    query: str | None,
    like: str | None,
    tenant: str,
    feeds: tuple[str, ...],
    owners: tuple[int, ...],
    limit: int,
    preview: bool,
    as_json: bool,
) -> None:
    """Find pictures by words in Russian or English, also those without a caption, or pictures like another one.

    Words may be what a picture shows, what kind it is, its colours, its text and what was said with it.
    """
    from tg_assets.answers.picture_search import fits, pictures_by_words, similar_pictures

    archive = opened(tenant, owners, feeds)
    if query and not like:
        found = pictures_by_words(archive, query, limit)
    elif like and not query:
        found = similar_pictures(archive, _liked(like), limit)
    else:
        raise TgAssetsError('Say in words what to look for, or give --like a picture: `tg-assets pictures "red car"`.')
    if as_json:
        show_json("pictures", map(_plain, found), fits=fits(found))
        return
    if not found:
        console.print("Nothing found.")
    elif not fits(found):
        console.print("Nothing here fits well. The nearest:")
    show_pictures(found, query or "", archive if preview else None)


def _liked(like: str) -> "Look | UUID | str":
    """What is meant: a file that is there, a post's id, else a sha256."""
    path = Path(like).expanduser()
    if path.is_file():
        from tg_assets.answers.picture_search import look_at
        from tg_assets.vision.local import LocalVision

        try:
            return look_at(path.read_bytes(), LocalVision())
        except OSError as error:
            raise TgAssetsError(f"{path} cannot be read: {error.strerror}.") from None
        except Refused as refused:
            raise TgAssetsError(f"{path} is no picture that can be looked at: {refused}.") from None
    try:
        return UUID(like)
    except ValueError:
        return like


def _plain(one: "Picture") -> dict[str, Any]:
    return {
        "post": str(one.post_id),
        "sha256": one.sha256,
        "why": one.why,
        "score": round(one.score, 3),
        "posted_at": one.posted_at.isoformat(),
        "feed": one.feed,
        "chat": one.chat,
        "telegram_message_id": one.telegram_message_id,
        "description": one.description,
        "shows": {"ru": one.names.told(russian=True), "en": one.names.told(russian=False)},
        "text": one.text,
        "posts": one.posts,
        "width": one.width,
        "height": one.height,
        "bytes": one.size_bytes,
        "link": one.link,
    }


def show_pictures(found: "Sequence[Picture]", query: str, archive: "Archive | None" = None) -> None:
    """Print pictures in the language of the query, with the pictures themselves where their archive is given."""
    for number, one in enumerate(found, 1):
        _show(number, one, is_russian(query))
        if archive and (drawn := small(archive, one.sha256)):
            console.print(Padding(drawn, (0, 0, 0, 4)))


def _show(number: int, one: "Picture", russian: bool) -> None:
    """Where a picture is and what it shows."""
    size = f"{one.width}×{one.height}, " if one.width and one.height else ""
    head = Text(f"{number:>2}. {one.score:.2f}  {one.posted_at:%Y-%m-%d}  {one.feed}", style="bold")
    head.append(f"  {size}{one.size_bytes / 1024:,.0f} kB", style="dim")
    if WHY[one.why]:
        head.append(f"  {WHY[one.why]}", style="magenta")
    if one.posts > 1:
        head.append(f"  in {one.posts} messages", style="dim")
    if one.link:
        head.append(f"  {one.link}", style="cyan")
    console.print(head)
    console.print(Padding(Text(one.names.told(russian) or one.description), (0, 0, 0, 4)))
    if one.text:
        console.print(Padding(Text(f"“{one.text[:TEXT]}”", style="dim"), (0, 0, 0, 4)))


def small(archive: "Archive", sha256: str) -> Text | None:
    """A picture in half blocks of two colours each; None where it cannot be shown."""
    from PIL import Image

    from tg_assets.answers.pictures import picture

    if console.color_system != "truecolor":
        return None
    try:
        jpeg = picture(archive, sha256, WIDE).data
    except TgAssetsError:  # gone, or no picture that can be decoded
        return None
    with Image.open(BytesIO(jpeg)) as image:
        pixels = image.convert("RGB")
    drawn = Text()
    for row in range(0, pixels.height - 1, 2):
        for column in range(pixels.width):
            upper, lower = pixels.getpixel((column, row)), pixels.getpixel((column, row + 1))
            drawn.append("▀", style=f"rgb({_rgb(upper)}) on rgb({_rgb(lower)})")
        drawn.append("\n")
    drawn.rstrip()
    return drawn


def _rgb(pixel: Any) -> str:
    return ",".join(map(str, pixel))
