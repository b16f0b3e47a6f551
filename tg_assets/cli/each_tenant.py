"""Tenants of commands: the one that is named, which has to be there, or all: those that Dagster knows, and nobody, who
owns what names none.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from tg_assets.cli import runtime
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What the owner of dead letters that name no tenant is called; no tenant's name has parentheses.
NOBODY = "(none)"


def chosen(tenant: str | None) -> list[str]:
    """The tenant asked for, which has to be there, or all that Dagster knows. Raises TgAssetsError."""
    from tg_assets.registry.tenants import known_tenants

    if tenant is None:
        return known_tenants(runtime.keys())
    runtime.registered(tenant)
    return [tenant]


def tenants(tenant: str | None) -> list[str]:
    """The same, with nobody, who may be asked for, too."""
    if tenant:
        return [tenant] if tenant == NOBODY else chosen(tenant)
    try:
        return [*chosen(None), NOBODY]
    except TgAssetsError as error:
        raise TgAssetsError(f"{error} Without it the tenants are not known: name one with --tenant.") from None


def each(names: Sequence[str]) -> Iterator[tuple[str, "Connection"]]:
    """Names of tenants with a transaction of each."""
    from tg_assets.stores.database import TenantConnection

    with runtime.postgres().connection() as connection:
        for name in names:
            with TenantConnection(connection, tenant_of(name)).transaction() as inside:
                yield name, inside


def tenant_of(name: str) -> UUID:
    """Id of a tenant by its name here."""
    from tg_assets import ids

    return ids.NO_TENANT if name == NOBODY else ids.tenant_id(name)
