"""All collections of the server: found on disk at the start, created, deleted, and flushed in the background.

An alias is another name of a collection, whatever is asked of it. Changes of aliases are one: on disk and for everybody
who asks at the same time.
"""

import json
import logging
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import quote, unquote

from tg_assets.backends.qdrant_server.aliases import changed
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
        self._aliases_file = directory / "aliases.json"
        self._collections: dict[str, Collection] = {}
        self._aliases: dict[str, str] = {}
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
        if self._aliases_file.exists():
            found = json.loads(self._aliases_file.read_text("utf-8"))
            self._aliases = {alias: name for alias, name in found.items() if name in self._collections}
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

    def has(self, name: str) -> bool:
        """Whether there is a collection of this name or alias."""
        return self._aliases.get(name, name) in self._collections

    def get(self, name: str) -> Collection:
        """A collection by its name or an alias; 404 when there is none."""
        collection = self._collections.get(self._aliases.get(name, name))
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
            if name in self._aliases:
                raise wrong_input(f"Can't create collection with name {name}. Alias with the same name already exists")
            path = self._directory / directory_name
            if path.exists():  # an earlier creation failed half way
                shutil.rmtree(path)
            self._collections[name] = Collection.create(path, body)
        return True

    def delete(self, name: str) -> bool:
        """Remove a collection by its own name, with its aliases; False when there is none."""
        with self._change:
            collection = self._collections.pop(name, None)
            if collection is None:
                return False
            self._keep({alias: of for alias, of in self._aliases.items() if of != name})
            collection.close()
            trash = self._directory / f"{TRASH}{collection.path.name}"
            collection.path.rename(trash)
            shutil.rmtree(trash)
        return True

    def aliases(self, name: str | None = None) -> Json:
        """``GET /aliases``, or those of one collection; 404 when there is none of this name."""
        of = None if name is None else self._aliases.get(name, name)
        if of is not None and of not in self._collections:
            raise not_found(f"Collection `{name}` doesn't exist!")
        found = [(alias, each) for alias, each in sorted(self._aliases.items()) if of in (None, each)]
        return {"aliases": [{"alias_name": alias, "collection_name": each} for alias, each in found]}

    def change_aliases(self, body: Json) -> bool:
        """``POST /collections/aliases``: all of the actions, or none when one is not possible."""
        with self._change:
            self._keep(changed(self._aliases, body["actions"], self._collections))
        return True

    def _keep(self, aliases: dict[str, str]) -> None:
        if aliases == self._aliases:
            return
        temporary = self._aliases_file.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as handle:
            json.dump(aliases, handle)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(self._aliases_file)
        self._aliases = aliases

    def _keep_house(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            for name, collection in list(self._collections.items()):
                try:
                    collection.flush()
                    collection.tidy(IDLE_SECONDS)
                except Exception:  # the engine raises bare Exception; the next round tries again
                    if name in self._collections:
                        log.exception("collection %s could not be written out", name)
