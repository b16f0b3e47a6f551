"""Which port the page gets where another program has the usual one."""

import socket
from pathlib import Path

import pytest

from tests.backends.test_service import sleeper
from tests.support import servers
from tg_assets.backends import down, start_service
from tg_assets.backends.dagster_services import DOORS, _own_port, page_address
from tg_assets.backends.layout import choose_port

PORT = "TG_SERVE_PORT"


def test_a_port_that_is_taken_is_told_and_what_runs_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that people keep would lead nowhere when it moved back."""
    monkeypatch.delenv(PORT, raising=False)
    settings, said = servers.settings(tmp_path), list[str]()
    usual = choose_port(set())
    with socket.create_server(("127.0.0.1", usual)):
        other = _own_port(settings, DOORS, usual, said.append)
        assert other != usual
        assert said == [f"Port {usual} is taken by another program, so serve has {other}. {PORT} chooses another one."]
        assert page_address(settings) == f"http://127.0.0.1:{other}"
        start_service(settings, sleeper(DOORS))
        assert _own_port(settings, DOORS, usual, said.append) == other
    assert _own_port(settings, DOORS, usual, said.append) == other, "it runs there"
    assert len(said) == 1
    monkeypatch.setenv(PORT, str(usual))
    assert _own_port(settings, DOORS, usual, said.append) == usual, "somebody wants it there"
    down(settings)
    monkeypatch.delenv(PORT)
    assert _own_port(settings, DOORS, usual, said.append) == usual
    assert len(said) == 1
