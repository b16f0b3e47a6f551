"""Options of commands that ask an archive: whose it is, who looks, and what it is narrowed to.

What does not belong here: asking, and showing what comes back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tg_assets.cli import runtime

if TYPE_CHECKING:
    from tg_assets.answers.archive import Archive

F = TypeVar("F", bound=Callable[..., Any])


def archive_options(function: F) -> F:
    """``--tenant``, ``--owner`` and ``--feed``, which ``opened`` takes."""
    for option in (
        click.option("--feed", "feeds", multiple=True, help="Only these feeds."),
        click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are seen too."),
        click.option("--tenant", default="default", show_default=True),
    ):
        function = option(function)
    return function


def narrowing_options(function: F) -> F:
    """``--album``, ``--tag``, ``--since``, ``--until``, ``--author`` and ``--lang``, which ``narrowed`` takes."""
    for option in (
        click.option("--lang", help="Only texts in this language: ru, en."),
        click.option("--author", help="Only what this author wrote: a whole name, @name or number."),
        click.option("--until", help="Before this ISO date, UTC."),
        click.option("--since", help="Not before this ISO date, UTC."),
        click.option("--tag", "tags", multiple=True, help="Only posts with all these tags."),
        click.option("--album", "albums", is_flag=True, help="Only albums."),
    ):
        function = option(function)
    return function


def opened(tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...]) -> "Archive":
    """The archive that the options mean: without ``--feed`` all feeds of the tenant. Raises NoSuch for one that there
    is not."""
    from tg_assets.answers.feeds import check_feeds

    archive = runtime.archive(tenant, owners, feeds or None)
    check_feeds(archive, feeds)
    return archive


def narrowed(
    albums: bool, tags: tuple[str, ...], since: str | None, until: str | None, author: str | None, lang: str | None
) -> dict[str, Any]:
    """What ``answers.search`` and others are narrowed to. Raises TgAssetsError that names the option."""
    from tg_assets.scope import parse_time

    return {
        "kind": "album" if albums else None, "tags": tags, "since": parse_time(since, "--since"),
        "until": parse_time(until, "--until"), "author": author, "lang": lang,
    }  # fmt: skip


def tenant_option(command: click.Command) -> click.Command:
    """Let the tenant of a group of commands (its context's ``obj``) be named after the command, too."""

    def choose(context: click.Context, _option: click.Parameter, tenant: str | None) -> None:
        if tenant is not None:
            context.obj = tenant

    command.params.append(click.Option(["--tenant"], expose_value=False, callback=choose, help="Whose it is."))
    return command
