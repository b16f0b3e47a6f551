"""The output of a run is where the objects are; a store that is away costs a run nothing."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.logs.run_once import TEXT, TRACE
from tests.support import s3
from tests.support.data import ROOT
from tests.support.servers import clean_environment
from tg_assets.backends.layout import choose_port

LOGS = "query($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }"
SECRET = "0123456789-of-a-model"


def host(directory: Path, **variables: str) -> dict[str, str]:
    """The environment of a machine with a Dagster of its own, which keeps output of runs as the project's does."""
    directory.mkdir(exist_ok=True)
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text("utf-8"))
    kept = {name: ours[name] for name in ("compute_logs", "python_logs", "telemetry", "nux")}
    (directory / "dagster.yaml").write_text(yaml.safe_dump(kept))
    given = {"DAGSTER_HOME": str(directory), "PYTHONPATH": str(ROOT), "A_TOKEN": SECRET}
    unset = {name: value for name, value in clean_environment().items() if not name.startswith("AWS_")}
    return {**unset, **given, **variables}


def run(environment: dict[str, str], asset: str) -> dict[str, Any]:
    """A run of an asset, and what became of it."""
    command = [sys.executable, "-m", "tests.logs.run_once", asset]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def output(environment: dict[str, str], found: dict[str, Any]) -> str:
    """What a run wrote to stderr, as its own machine has it."""
    *folders, name = found["key"]
    return Path(environment["DAGSTER_HOME"], "storage", *folders, f"{name}.err").read_text("utf-8")


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, str]]:
    with s3.bucket("there") as variables:
        yield {**variables, "TG_OBJECTS_URL": "s3://there/p"}


@pytest.fixture
def web(tmp_path: Path, store: dict[str, str]) -> Iterator[str]:
    """The webserver of another machine, which shares nothing but the store."""
    port = choose_port(set())
    environment = host(tmp_path / "web", **store)
    command = [sys.executable, "-m", "tg_assets.webserver", "--port", str(port), "--empty-workspace"]
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 300
    try:
        while True:
            try:
                with urllib.request.urlopen(f"{address}/server_info"):
                    break
            except OSError:
                assert process.poll() is None, (tmp_path / "web.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def ask(address: str, key: list[str]) -> dict[str, str | None]:
    """The output of a run, as the UI asks for it."""
    body = json.dumps({"query": LOGS, "variables": {"key": key}}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, str | None] = json.load(answer)["data"]["capturedLogs"]
    return found


def test_another_machine_shows_the_output_of_a_run(tmp_path: Path, store: dict[str, str], web: str) -> None:
    """After the machine that it was on is gone; when nothing was printed, nothing is shown."""
    environment = host(tmp_path / "worker", **store)
    told, printed = run(environment, "told"), run(environment, "printed")
    shutil.rmtree(tmp_path / "worker")
    said = ask(web, told["key"])
    assert "a module says it" in (said["stderr"] or "")
    assert "a library says it" in (said["stderr"] or "")
    assert not said["stdout"]
    assert ask(web, printed["key"])["stdout"] == "printed to stdout\n"
    assert ask(web, ["none", "compute_logs", "none"]) == {"stdout": None, "stderr": None}


@pytest.mark.parametrize("why", ["away", "no bucket"])
def test_a_store_that_is_away_costs_a_run_nothing(why: str, tmp_path: Path, store: dict[str, str]) -> None:
    """It is told in the run's events, and the output stays on its machine."""
    nowhere = {"away": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "no bucket": {"TG_OBJECTS_URL": "s3://nowhere/p"}}
    environment = host(tmp_path / "worker", **{**store, **nowhere[why]})
    began = time.monotonic()
    found = run(environment, "told")
    assert found["ok"]
    (told,) = found["errors"]
    assert "The output of this run stays on the machine that it ran on: S3 does not answer or refuses it" in told
    assert "a module says it" in output(environment, found)
    assert time.monotonic() - began < 600, "it does not wait for it again and again"


def test_objects_in_a_directory_load_no_s3(tmp_path: Path) -> None:
    """The output stays on the machine, and nobody pays for a library that is not used."""
    environment = host(tmp_path / "worker", TG_OBJECTS_URL=f"file://{tmp_path}/objects")
    assert "a module says it" in output(environment, run(environment, "told"))
    code = (
        "import sys, dagster as dg, tg_assets.code_location, tg_assets.code_server\n"
        "with dg.DagsterInstance.get() as instance: print(type(instance.compute_log_manager).__name__)\n"
        "print([name for name in ('boto3', 'dagster_aws') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["LocalComputeLogManager", "[]"], done.stderr


def test_lines_of_a_run_are_json(tmp_path: Path) -> None:
    """Each tells its run, step and asset; no secret and no word of an error is in any."""
    environment = host(tmp_path / "worker", TG_LOG_FORMAT="json", TG_OBJECTS_URL=f"file://{tmp_path}/objects")
    found = run(environment, "told")
    said = output(environment, found)
    lines = [json.loads(line) for line in said.splitlines()]
    assert SECRET not in said
    assert "a-password" not in said
    assert TEXT not in said
    by_message = {line["message"]: line for line in lines}
    info, module, stumbled, library = (
        by_message[message]
        for message in (
            "connecting to postgresql://…@db/x with …", "a module says it", "it stumbled", "a library says it",
        )
    )  # fmt: skip
    of_run = {"run_id": found["run"], "job": "__ephemeral_asset_job__", "step": "told", "asset": "told"}
    for line in (info, module, stumbled):
        assert line.items() >= of_run.items()
    assert (info["level"], module["level"], library["level"]) == ("INFO", "WARNING", "WARNING")
    assert module["trace_id"] == TRACE
    assert stumbled["error"].startswith(f"KeyError at {ROOT}/tests/logs/run_once.py:")
    assert library["logger"] == "elsewhere"
    assert {"STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS"} <= {line.get("event") for line in lines}
    assert all(line["time"].endswith("Z") and line["logger"] for line in lines)
    assert any("a module says it" in one for one in found["said"])  # so it is in the UI, too


@pytest.mark.parametrize(("asset", "error"), [("failed", "ValueError at "), ("refused", "Mend it.")])
def test_a_failure_is_told_without_what_it_quotes(asset: str, error: str, tmp_path: Path) -> None:
    """Its kind and place; its words only if they were written for people."""
    environment = host(tmp_path / "worker", TG_OBJECTS_URL=f"file://{tmp_path}/objects")
    said = output(environment, found := run(environment, asset))
    assert not found["ok"]
    (line,) = [line for line in said.splitlines() if "STEP_FAILURE" in line]
    assert f"error={error}" in line
    assert TEXT not in said


def test_what_a_service_says_is_json(tmp_path: Path) -> None:
    """Dagster's own lines, and those of the server under it."""
    port = choose_port(set())
    environment = host(tmp_path / "web", TG_LOG_FORMAT="json")
    command = [sys.executable, "-m", "tg_assets.webserver", "--port", str(port), "--empty-workspace",
               "--uvicorn-log-level", "info"]  # fmt: skip
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(json.loads(line))
            if "Uvicorn running" in lines[-1]["message"]:
                break
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert {"dagster-webserver", "uvicorn.error"} <= {line["logger"] for line in lines}
    assert all(set(line) == {"time", "level", "logger", "message"} for line in lines)
