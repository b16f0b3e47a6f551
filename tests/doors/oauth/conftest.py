"""An assistant that is registered."""

import pytest

from tests.doors.conftest import Doors
from tests.doors.oauth.asking import Assistant


@pytest.fixture
def one(doors: Doors) -> Assistant:
    return Assistant(doors)
