"""Archives that tests of the door ask: two tenants with secrets of their own, and the bundled sample without models."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.answers.conftest import mine, tenants
from tests.doors.mcp.evaluation import OWNER
from tests.support import pipeline
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

__all__ = ["mine", "tenants"]

# Models that look at pictures take minutes, and no question of the evaluation is about what they see.
NOT_MADE = {"vision_summaries", "transcripts"}
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The sample as one tenant has it."""

    tenant: str

    def archive(self) -> Archive:
        return pipeline.archive(self.tenant, OWNER)


@pytest.fixture(scope="package")
def sample(servers: dict[str, str]) -> Sample:
    """Do not write to this tenant."""
    tenant = pipeline.new_tenant()
    feeds = {report.feed for report in pipeline.import_path(pipeline.SAMPLE, tenant)}
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for name, several in pipeline.prepared_stages(pipeline.tools()).items():
            for stage in several if name not in NOT_MADE else ():
                for feed in sorted(feeds):
                    run_stage(stage, session, Scope(feed, SINCE, UNTIL))
    return Sample(tenant)
