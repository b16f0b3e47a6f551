"""Changes of aliases as Qdrant's REST interface has them, in ``POST /collections/aliases``: values in, values out."""

from collections.abc import Container, Iterable, Mapping

from tg_assets.backends.qdrant_server.errors import not_found, wrong_input
from tg_assets.backends.qdrant_server.filters import Json


def changed(aliases: Mapping[str, str], actions: Iterable[Json], collections: Container[str]) -> dict[str, str]:
    """Aliases (alias to collection) after actions, in their order.

    An alias that exists is pointed elsewhere by ``create_alias``; to delete one that does not exist is no error.
    Raises RequestError for what is not possible: a collection that is not there, or an alias with the name of one.
    """
    found = dict(aliases)
    for action in actions:
        ((kind, given),) = action.items()
        if kind == "create_alias":
            if given["collection_name"] not in collections:
                raise not_found(f"Collection `{given['collection_name']}` doesn't exist!")
            if given["alias_name"] in collections:
                raise wrong_input(f"Collection `{given['alias_name']}` already exists!")
            found[given["alias_name"]] = given["collection_name"]
        elif kind == "delete_alias":
            found.pop(given["alias_name"], None)
        elif kind == "rename_alias":
            if given["old_alias_name"] not in found:
                raise not_found(f"Alias {given['old_alias_name']} does not exists!")
            if given["new_alias_name"] in collections:
                raise wrong_input(f"Collection `{given['new_alias_name']}` already exists!")
            found[given["new_alias_name"]] = found.pop(given["old_alias_name"])
        else:
            raise wrong_input(f"unknown alias action {kind!r}")
    return found
