"""Which tenants and feeds an installation has, as Dagster knows them.

The application role reads nothing without a tenant, so the directory of tenants is Dagster's: its list of feed
partitions, since a feed's key begins with its tenant's slug, and a list of those that were made known before they had
one. ``register`` is how a feed enters it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from tg_assets import ids
from tg_assets.partitions import FEEDS_NAME, check_feed
from tg_assets.stores.database import Database

if TYPE_CHECKING:
    from dagster import DagsterInstance

_TENANTS = "tenants"


class Keys(Protocol):
    """What knows the keys of dynamic partitions: Dagster's instance, or ``stores.dagster_keys``."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys of the definition of this name."""


def known_feeds(instance: Keys) -> list[str]:
    """Keys of all feeds that have partitions."""
    return sorted(instance.get_dynamic_partitions(FEEDS_NAME))


def tenant_slugs(feeds: Iterable[str]) -> list[str]:
    """Slugs of the tenants of these feeds."""
    return sorted({feed.partition(".")[0] for feed in feeds})


def known_tenants(instance: Keys) -> list[str]:
    """Slugs of all tenants, those without feeds included."""
    return sorted({*tenant_slugs(known_feeds(instance)), *instance.get_dynamic_partitions(_TENANTS)})


def announce(instance: "DagsterInstance", slug: str) -> None:
    """Make a tenant known that may have no feed yet."""
    if slug not in known_tenants(instance):
        instance.add_dynamic_partitions(_TENANTS, [slug])


def register(instance: "DagsterInstance", feeds: Sequence[str]) -> list[str]:
    """Give feeds their partitions; returns those that are new. Asks for the list once, not once per feed."""
    new = sorted(set(map(check_feed, feeds)) - set(known_feeds(instance)))
    if new:
        instance.add_dynamic_partitions(FEEDS_NAME, new)
    return new


def is_registered(postgres: Database, slug: str) -> bool:
    """Whether a tenant of this slug is there, feeds or none."""
    return _is_there(postgres, ids.tenant_id(slug))


def is_known(postgres: Database, name: str) -> bool:
    """The same of what an event calls its tenant: a slug, or its UUID."""
    try:
        return _is_there(postgres, UUID(name))
    except ValueError:
        return is_registered(postgres, name)


def _is_there(postgres: Database, tenant: UUID) -> bool:
    from sqlalchemy import text

    with postgres.tenant(tenant) as session, session.transaction() as connection:
        return bool(
            connection.execute(text("SELECT EXISTS (SELECT FROM tenants WHERE id = :id)"), {"id": tenant}).scalar()
        )


def stored_feeds(postgres: Database, slug: str) -> list[str]:
    """Keys of a tenant's feeds in the registry."""
    from sqlalchemy import text

    with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        return list(connection.execute(text("SELECT key FROM feeds ORDER BY key")).scalars())


def has_accounts(postgres: Database, slug: str) -> bool:
    """Whether a tenant has an account that reads Telegram."""
    from sqlalchemy import text

    with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        return bool(connection.execute(text("SELECT EXISTS (SELECT FROM accounts WHERE is_active)")).scalar())
