"""``--json`` of commands that list things: one JSON object on one line of stdout.

``{"command": NAME, "items": [{…}, …]}`` and, of some, more beside ``items``. Names are in snake case, times ISO 8601
in UTC, what is not known is null. Errors are sentences on stderr, and the exit code is that without ``--json``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from tg_assets.cli.terminal import echo, escaped

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """The option, which the command gets as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")(function)


def show_json(command: str, items: Iterable[Mapping[str, Any]], **more: Any) -> None:
    """Print the object."""
    said = json.dumps({"command": command, **more, "items": list(items)}, ensure_ascii=False, default=_plain)
    echo(escaped(said))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)
