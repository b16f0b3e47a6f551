"""Which servers exist, which of them a person replaced by their own, and the variables that address them all."""

import os
from urllib.parse import urlsplit

from pydantic import ValidationError

from tg_assets.backends.context import Backend, Context, ServerOptions
from tg_assets.backends.graph import GraphBackend
from tg_assets.backends.layout import Layout
from tg_assets.backends.postgres import PostgresBackend
from tg_assets.backends.qdrant import QdrantBackend
from tg_assets.backends.redis import RedisBackend
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings, not_usable

# The slowest to start comes first.
BACKENDS: tuple[Backend, ...] = (GraphBackend(), PostgresBackend(), QdrantBackend(), RedisBackend())
COMPANIONS = ("TG_POSTGRES_OWNER_URL", "TG_DAGSTER_POSTGRES_URL", "TG_QDRANT_API_KEY")


def make_context(layout: Layout) -> Context:
    """What is known now: generated secrets, remembered ports, a person's options."""
    try:
        options = ServerOptions()
    except ValidationError as error:
        raise not_usable(error) from None
    return Context(layout=layout, secrets=layout.known_secrets(), ports=layout.ports(), options=options)


def is_external(settings: Settings, layout: Layout, backend: Backend) -> bool:
    """Whether a person set the URL to a server of their own.

    The URL that an earlier ``up`` printed is ours: it carries our password. Qdrant's URL carries none, so there
    the key beside it, or our remembered port, tells.
    """
    url = set_url(settings, backend)
    if url is None:
        return False
    if backend.variable == QdrantBackend.variable:
        address = urlsplit(url)
        loopback = address.hostname in ("127.0.0.1", "localhost")
        key = os.environ.get("TG_QDRANT_API_KEY", "")
        return not (loopback and (address.port == layout.ports().get("qdrant") or _is_ours(layout, key)))
    return not _is_ours(layout, url)


def environment(settings: Settings) -> dict[str, str]:
    """Variables that address the servers; what a person set wins. Raises when ``up`` has not run yet."""
    layout = Layout(settings.state_dir)
    context = make_context(layout)
    variables = {"TG_DATA_DIR": str(layout.root), "TG_OBJECTS_URL": settings.objects_url or layout.objects.as_uri()}
    for backend in BACKENDS:
        if is_external(settings, layout, backend):
            variables[backend.variable] = set_url(settings, backend) or ""
        elif context.secrets and all(name in context.ports for name in backend.port_names):
            variables |= backend.environment(context)
        else:
            raise TgAssetsError(f"{settings.absent(f'{backend.name} has not been started')}.")
    for name in COMPANIONS:
        value = os.environ.get(name)
        if value and not _is_ours(layout, value):
            variables[name] = value
    return variables


def set_url(settings: Settings, backend: Backend) -> str | None:
    """The address of a server that a variable names; None when none does."""
    secret = getattr(settings, backend.variable.removeprefix("TG_").lower())
    return None if secret is None else str(secret.get_secret_value())


def _is_ours(layout: Layout, text: str) -> bool:
    return any(secret in text for secret in layout.known_secrets().values())
