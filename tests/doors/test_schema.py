"""Whatever the API's description allows, and some that it does not, gets an answer that the description has."""

from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, token_for
from tg_assets.doors.api import ROUTERS

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def described(doors: Doors, mine: Tenant) -> Any:
    schema = schemathesis.openapi.from_url(f"{doors.address}/api/v1/openapi.json")
    return schema, {"authorization": f"Bearer {token_for(mine, ADA)}"}


def operations() -> list[str]:
    routes = (route for router in ROUTERS for route in router.routes)
    return sorted(route.operation_id for route in routes if isinstance(route, APIRoute) and route.operation_id)


@pytest.mark.parametrize("name", operations())
def test_an_operation(described: Any, name: str) -> None:
    schema, headers = described
    operation = schema.find_operation_by_id(name)

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()
