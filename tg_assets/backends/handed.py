"""Which settings a running process was handed, so that a change is noticed. Values are not kept: keyed digests are.

The key is made of the installation's passwords, which lie beside the records and are as private. What does not belong
here: what to do about a change.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from tg_assets.backends.layout import Layout, read_json

# What the application, and the libraries under it, read from the environment.
SETTINGS = (
    "TG_*", "AWS_*", "DAGSTER_*", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
    "no_proxy", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "TESSDATA_PREFIX",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """How what would be handed now differs from what was: ``other`` names have another value or had none, ``gone``
    ones have none now; ``command`` tells of another command line."""

    other: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    command: bool = False

    def __bool__(self) -> bool:
        """Whether a new process is needed. A variable that this shell does not set is none that it changes."""
        return bool(self.other) or self.command

    def told(self, name: str) -> str:
        """A sentence about it."""
        what = ", ".join(self.other) or "how it is run"
        return f"{name} is started anew, because {what} changed; runs that it carried begin again where they were."


def record(
    layout: Layout, argv: Sequence[str], concerns: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """What to remember of a process that is started."""
    chosen = {name: environment[name] for name in environment if _matches(name, concerns)}
    return {"command": _digest(layout, "\0".join(argv)), "settings": {n: _digest(layout, v) for n, v in chosen.items()}}


def change(
    layout: Layout, name: str, argv: Sequence[str] | None, concerns: Sequence[str], environment: Mapping[str, str]
) -> Change:
    """How a running process differs from what would be started; without ``argv`` the command line is not compared."""
    had = read_json(layout.run / f"{name}.json")
    now = record(layout, argv or (), concerns, environment)
    before = had.get("settings")
    if not isinstance(before, dict):
        return Change(command=True)  # nothing is known of it
    after = now["settings"]
    return Change(
        tuple(sorted(one for one in after if after[one] != before.get(one))),
        tuple(sorted(one for one in before if one not in after)),
        argv is not None and had.get("command") != now["command"],
    )


def carried(pid: int, names: Sequence[str]) -> dict[str, str]:
    """Values that a running process has of variables that this shell does not set."""
    try:
        found = psutil.Process(pid).environ()
    except psutil.Error:
        return {}
    return {name: found[name] for name in names if name in found}


def keys_of_models(path: object) -> tuple[str, ...]:
    """Variables with keys that a models file names; none when it cannot be read, which is told elsewhere."""
    from tg_assets.errors import TgAssetsError
    from tg_assets.remote.config import load_models

    try:
        models = load_models(path)  # type: ignore[arg-type]
    except (TgAssetsError, OSError):
        return ()
    found = set()
    for slug in ("default", *models.tenants):
        chosen = models.for_tenant(slug)
        for purpose in ("vision", "tags", "albums"):
            if (model := getattr(chosen, purpose)) is not None and model.key_env:
                found.add(str(model.key_env))
    return tuple(sorted(found))


def different(layout: Layout, name: str, concerns: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that a running process has otherwise or not at all; none when nothing runs."""
    if not (layout.run / f"{name}.json").exists():
        return ()
    return change(layout, name, None, concerns, environment).other


def _matches(name: str, concerns: Sequence[str]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in concerns)


def _digest(layout: Layout, value: str) -> str:
    key = hashlib.sha256("\0".join(sorted(layout.known_secrets().values())).encode()).digest()
    return hmac.new(key, value.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()[:24]
