"""The object store as a Dagster resource."""

import dagster as dg

from tg_assets.stores.objects import ObjectStore


class Objects(dg.ConfigurableResource["Objects"], ObjectStore):
    """Bytes by key under ``file:///dir`` or ``s3://bucket/prefix``."""

    url: str
