"""The sample export through all assets, once for the tests that only look at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from tests.support import pipeline
from tg_assets.importing.report import ChatReport


@dataclass(frozen=True)
class Materialized:
    """A tenant whose imports went through all assets; ``results`` by chat title."""

    tenant: str
    reports: Sequence[ChatReport]
    results: dict[str, dg.ExecuteInProcessResult]

    def report(self, title: str) -> ChatReport:
        (found,) = [report for report in self.reports if report.title == title]
        return found

    def one(self, sql: str, title: str, **values: Any) -> Any:
        """The one row of a statement about a chat, bound as ``:channel``."""
        (row,) = pipeline.rows(self.tenant, sql, channel=pipeline.channel_of(self.tenant, title), **values)
        return row


@pytest.fixture(scope="package")
def sample(servers: dict[str, str]) -> Materialized:
    """Do not write to this tenant: every test of the package looks at it."""
    tenant = pipeline.new_tenant()
    reports = pipeline.import_path(pipeline.SAMPLE, tenant)
    return Materialized(tenant, reports, pipeline.materialize_reports(reports))
