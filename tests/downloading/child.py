"""A download in a process of its own, to be killed in the middle."""

import asyncio

from tests.downloading.support import JANUARY
from tests.support import pipeline
from tests.support.forked import Child
from tg_assets import ids
from tg_assets.downloading.download import Downloader
from tg_assets.scope import Scope
from tg_assets.settings import load_settings


def start(tenant: str, feed: str) -> Child:
    """Start it."""
    return Child(main, tenant, feed)


def main(tenant: str, feed: str) -> None:
    """Download January."""
    downloader = Downloader(pipeline.postgres(), pipeline.objects(), load_settings(), ids.tenant_id(tenant), print)
    asyncio.run(downloader.download(Scope(feed, *JANUARY)))
