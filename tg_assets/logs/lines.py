"""A record as a line: text, or one object of JSON when ``TG_LOG_FORMAT`` is ``json``.

What a line has of these, in this order: ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``run_id``, ``job``,
``step``, ``asset``, ``sensor`` (or schedule), ``event`` (Dagster's name of what happened), ``trace_id``, ``error``,
``message``. Feeds are no field, and an error's words, which may quote a message, are told only if they were written for
people. Dagster's records are known by what it puts into them, so nothing here imports it. What does not belong here:
who writes such lines (``processes``).
"""

import json
import logging
import os
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tg_assets.errors import TgAssetsError
from tg_assets.ids import is_nameless
from tg_assets.logs.secrets import passwords_of, secrets_of, without_secrets
from tg_assets.logs.steering import escaped, plain

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')


class Lines(logging.Formatter):
    """Formats every record so; ``kind`` (``text`` or ``json``) is the setting's unless it is given."""

    def __init__(self, kind: str | None = None) -> None:
        super().__init__()
        self._kind = kind
        self.assets: frozenset[str] = frozenset()
        """Names of assets: a step that is called so makes one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = {name: without_secrets(value, self._secrets) for name, value in self._fields(record).items()}
        if self.kind == "json":
            return escaped(json.dumps(fields, ensure_ascii=False))
        start = " ".join(fields.pop(name) for name in ("time", "level", "logger"))
        message = fields.pop("message")
        known = "".join(f" {name}={value}" for name, value in fields.items())
        return plain(f"{start}{known}: {message}")

    @cached_property
    def kind(self) -> str:
        """The format."""
        if self._kind is None:
            from tg_assets.settings import load_settings

            try:
                return load_settings().log_format
            except TgAssetsError:  # told by what needs settings
                return "text"
        return self._kind

    @cached_property
    def _secrets(self) -> list[str]:
        found = {*secrets_of(os.environ), *passwords_of(os.environ)}
        return sorted(found, key=len, reverse=True)  # one may hold another

    def _fields(self, record: logging.LogRecord) -> dict[str, str]:
        given = getattr(record, "dagster_meta", None)
        known: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        event, step = known.get("dagster_event"), known.get("step_key")
        trace = getattr(record, "trace_id", None)
        found = {
            "time": _moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "run_id": known.get("run_id"),
            "job": known.get("job_name"),
            "step": step,
            "asset": _asset_of(event) or (step if step in self.assets else None),
            "sensor": known.get("name"),
            "event": getattr(event, "event_type_value", None),
            "trace_id": trace if is_nameless(trace) else None,
            "error": _error_of(record) or _told(getattr(getattr(event, "event_specific_data", None), "error", None)),
            "message": known.get("orig_message", _message(record)),
        }
        return {name: str(value) for name, value in found.items() if value is not None}


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit it
        return str(record.msg)


def _asset_of(event: Any) -> str | None:
    key = getattr(event, "asset_key", None)
    return None if key is None else str(key.to_user_string())


def _error_of(record: logging.LogRecord) -> str | None:
    """The kind of the exception that was logged with a record, and where it was raised."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is None:
        return None
    if isinstance(error, TgAssetsError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return _at(type(error).__name__, *((last[0].filename, str(last[0].lineno)) if last else ("", "")))


def _told(error: Any) -> str | None:
    """The same of an error that Dagster has written down, which is the last of a chain of causes."""
    if error is None:
        return None
    while getattr(error, "cause", None) is not None:
        error = error.cause
    kind = str(getattr(error, "cls_name", None) or "error")
    if kind in _ours():
        return str(error.message).partition(": ")[2].strip()
    places = _FRAME.findall("".join(getattr(error, "stack", ())))
    return _at(kind, *(places[-1] if places else ("", "")))


def _ours() -> set[str]:
    kinds, found = [TgAssetsError], {TgAssetsError.__name__}
    while kinds:
        more = kinds.pop().__subclasses__()
        kinds += more
        found |= {one.__name__ for one in more}
    return found


def _at(kind: str, file: str, line: str) -> str:
    return f"{kind} at {file}:{line}" if file else kind
