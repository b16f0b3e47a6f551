"""Handlers of Telegram's methods, a module for each family. Importing one registers its handlers with `rpc`."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module here."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
