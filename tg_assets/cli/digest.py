"""``digest``: what happened in a span of time."""

import click

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, opened
from tg_assets.cli.runtime import echo


@click.command("digest")
@archive_options
@click.option("--since", help="From this ISO date or time on, UTC; without it for seven days.")
@click.option("--until", help="Before this ISO date or time; without both the last seven days with anything.")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Lines in each part.")
@json_option
def digest_command(
    tenant: str,
    owners: tuple[int, ...],
    feeds: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Tell what happened: what was answered, discussed, liked, forwarded, and about what, each line with its link.

    It is counted, not written by a model.
    """
    from tg_assets.answers.digest import digest
    from tg_assets.answers.digest_text import as_text
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.scope import parse_time

    span = parse_time(since, "--since"), parse_time(until, "--until")
    found = digest(opened(tenant, owners, feeds), *span, limit=limit)
    if as_json:
        told = plain(found)
        show_json("digest", told.pop("feeds"), **told)
    else:
        echo(as_text(found).rstrip())
