"""A download in a process of its own, to be killed in the middle: ``python -m tests.downloading.child TENANT FEED``."""

import asyncio
import sys

from tests.downloading.support import JANUARY
from tests.support import pipeline
from tg_assets import ids
from tg_assets.downloading.download import Downloader
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

if __name__ == "__main__":
    tenant, feed = sys.argv[1:]
    downloader = Downloader(pipeline.postgres(), pipeline.objects(), load_settings(), ids.tenant_id(tenant), print)
    asyncio.run(downloader.download(Scope(feed, *JANUARY)))
