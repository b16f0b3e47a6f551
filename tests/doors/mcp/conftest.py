"""The bundled sample as one tenant has it, without what models see in its pictures."""

from datetime import UTC, datetime

import pytest

from tests.answers.conftest import Tenant
from tests.doors.mcp.evaluation import OWNER
from tests.support import pipeline
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

# Models that look at pictures take minutes, and no question of the evaluation is about what they see.
NOT_MADE = {"vision_summaries", "transcripts"}
RUN = "0b4d7f9e-run"
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="package")
def sample(servers: dict[str, str]) -> Tenant:
    """Do not write to this tenant."""
    tenant = Tenant(pipeline.new_tenant(), {OWNER: ""})
    feeds = {report.feed for report in pipeline.import_path(pipeline.SAMPLE, tenant.slug)}
    with pipeline.postgres().tenant(tenant.id) as session:
        for name, several in pipeline.prepared_stages(pipeline.tools()).items():
            for stage in several if name not in NOT_MADE else ():
                for feed in sorted(feeds):
                    run_stage(stage, session, Scope(feed, SINCE, UNTIL), run_id=RUN)
    return tenant
