"""Output of runs in S3: while a run is at it, and when the store does not answer or breaks off."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType

from resources.compute_logs import ComputeLogs
from resources.s3_logs import UPLOAD_SECONDS, S3Logs
from tests.support import s3
from tg_assets.errors import ServerDown

KEY = ["run", "compute_logs", "abcdefgh"]
ERR = ComputeIOType.STDERR


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with s3.bucket("there") as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**s3.KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def breaking_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store that has everything, and gives half of it."""

    class Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(b"half")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {**s3.KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}.items():
        monkeypatch.setenv(name, value)
    yield
    server.shutdown()
    server.server_close()


def logs(directory: Path) -> S3Logs:
    """Those of a machine."""
    return S3Logs("s3://there/p", str(directory))


def shown(of: S3Logs) -> bytes | None:
    """What the UI of a machine shows."""
    return of.get_log_data(KEY).stderr


def test_another_machine_sees_a_run_that_goes_on(store: None, tmp_path: Path) -> None:
    """What there was at the last upload; at the end all of it, and nothing is left where it was written."""
    worker, web = logs(tmp_path / "worker"), logs(tmp_path / "web")
    assert worker.upload_interval == UPLOAD_SECONDS
    with worker.open_log_stream(KEY, ERR) as stream:
        assert stream is not None
        stream.write("begun\n")
        stream.flush()
        worker.on_progress(KEY)
        assert shown(web) == b"begun\n"
        stream.write("done\n")
    assert shown(web) == b"begun\ndone\n"
    assert not [path for path in (tmp_path / "worker").rglob("*") if path.is_file()]


def test_a_tick_that_says_nothing_asks_for_nothing(away: None, tmp_path: Path) -> None:
    """Sensors look every few seconds."""
    with logs(tmp_path).open_log_stream(KEY, ERR):
        pass


def test_nothing_is_lost_where_it_was_written(away: None, tmp_path: Path) -> None:
    """It is told once, at the end."""
    worker = logs(tmp_path)
    capture = worker.open_log_stream(KEY, ERR)
    stream = capture.__enter__()
    assert stream is not None
    stream.write("begun\n")
    stream.flush()
    worker.on_progress(KEY)
    with pytest.raises(ServerDown, match="stays on the machine"):
        capture.__exit__(None, None, None)
    assert shown(worker) == b"begun\n"


def test_a_store_that_is_away_shows_nothing(away: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert shown(logs(tmp_path)) is None
    assert "S3 does not answer or refuses it (EndpointConnectionError" in caplog.text


def test_half_of_it_is_not_taken_for_all(breaking_off: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is on this machine is not asked for again."""
    assert shown(logs(tmp_path)) is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "cannot be shown" in caplog.text


def test_an_endpoint_that_is_none_costs_no_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TG_OBJECTS_URL", "s3://there/p")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    chosen = ComputeLogs.from_config_value(None, {"home": str(tmp_path)})
    assert type(chosen).__name__ == "LocalComputeLogManager"
    assert f"Output of runs stays in {tmp_path}/storage" in caplog.text
