"""All collections of the server: found on disk at the start, created, deleted, and flushed in the background."""

import logging
import shutil
import threading
from pathlib import Path
from urllib.parse import quote, unquote

from tg_assets.backends.qdrant_server.collection import DEFINITION, Collection
from tg_assets.backends.qdrant_server.errors import RequestError, not_found, wrong_input
from tg_assets.backends.qdrant_server.filters import Json

FLUSH_SECONDS = 5.0
IDLE_SECONDS = 30.0
TRASH = ".deleted-"

log = logging.getLogger(__name__)


class Store:
    """Collections by name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "collections"
        self._collections: dict[str, Collection] = {}
        self._change = threading.Lock()
        self._stopping = threading.Event()
        self._housekeeper = threading.Thread(target=self._keep_house, name="flush", daemon=True)

    def open(self) -> None:
        """Load every collection; leftovers of an interrupted creation or deletion are removed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._directory.iterdir()):
            if path.name.startswith(TRASH) or not (path / DEFINITION).exists():
                shutil.rmtree(path)
            else:
                self._collections[unquote(path.name)] = Collection.load(path)
        self._housekeeper.start()

    def close(self) -> None:
        """Write everything out."""
        self._stopping.set()
        self._housekeeper.join()
        for collection in self._collections.values():
            collection.close()

    def names(self) -> list[str]:
        """Names of all collections."""
        return sorted(self._collections)

    def get(self, name: str) -> Collection:
        """A collection; 404 when there is none."""
        collection = self._collections.get(name)
        if collection is None:
            raise not_found(f"Collection `{name}` doesn't exist!")
        return collection

    def create(self, name: str, body: Json) -> bool:
        """Make a collection; 409 when it exists."""
        directory_name = quote(name, safe="")
        if not directory_name or directory_name.startswith("."):
            raise wrong_input(f"collection name {name!r} is not usable")
        with self._change:
            if name in self._collections:
                raise RequestError(409, f"Wrong input: Collection `{name}` already exists!")
            path = self._directory / directory_name
            if path.exists():  # an earlier creation failed half way
                shutil.rmtree(path)
            self._collections[name] = Collection.create(path, body)
        return True

    def delete(self, name: str) -> bool:
        """Remove a collection; False when there is none."""
        with self._change:
            collection = self._collections.pop(name, None)
            if collection is None:
                return False
            collection.close()
            trash = self._directory / f"{TRASH}{collection.path.name}"
            collection.path.rename(trash)
            shutil.rmtree(trash)
        return True

    def _keep_house(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            for name, collection in list(self._collections.items()):
                try:
                    collection.flush()
                    collection.tidy(IDLE_SECONDS)
                except Exception:  # the engine raises bare Exception; the next round tries again
                    if name in self._collections:
                        log.exception("collection %s could not be written out", name)
