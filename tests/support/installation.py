"""A whole installation as a person has it: ``tg-assets up`` in an empty directory, used through the command only.

One for each process of tests: those of the command and of the browser share it and use tenants of their own. The
sample is imported for tenant ``demo`` and not materialized.
"""

import json
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.commands import run_forked
from tests.support.data import ROOT
from tests.support.servers import clean_environment, hurry
from tests.telegram_server import TelegramServer, World
from tg_assets import ids
from tg_assets.backends.layout import choose_port
from tg_assets.stores.database import KeptDatabase

COMMAND = Path(sys.executable).with_name("tg-assets")
SAMPLE = ROOT / "samples" / "export"


def private_feed(tenant: str, peer: int = 510001007, owner: int = 510001001) -> str:
    """Key of the feed of direct messages, those of the sample by default: it tells no name."""
    return f"{tenant}.{ids.private_name(ids.channel_id(ids.tenant_id(tenant), peer, owner), 'dm')}"


DIRECT = private_feed("demo")
FEEDS = (DIRECT, "demo.komanda-mayaka", "demo.severnyy-mayak")
SERVERS = {"neo4j", "postgres", "qdrant", "redis", "dagster-code", "dagster-daemon", "dagster-web", "metrics", "serve"}
LOG_LINES = 40
# What they start lives on.
ALONE = {"up", "down"}
OVER = {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}


@dataclass
class Installation:
    """A data directory, and everything that commands said about it."""

    data: Path
    telegram: TelegramServer
    """A Telegram of its own, with nobody in it until a test puts somebody there."""
    said: list[str] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    """Commands that have been started as a person starts them."""

    @cached_property
    def metrics_port(self) -> int:
        """A port of its own: the usual one is somebody else's on a machine with several installations."""
        return choose_port(set())

    @cached_property
    def serve_port(self) -> int:
        """Likewise."""
        return choose_port({self.metrics_port})

    @property
    def environment(self) -> dict[str, str]:
        """What a person's shell has: no address of any server, only where the data are. Wide, so no table is cut."""
        host, port = self.telegram.address
        telegram = {
            "TG_TELEGRAM_API_ID": "1", "TG_TELEGRAM_API_HASH": "0" * 32, "TG_TELEGRAM_SERVER": f"2@{host}:{port}",
            "TG_TELEGRAM_SERVER_KEY": str(self.data.with_suffix(".pem")),
        }  # fmt: skip
        own = {"TG_DATA_DIR": str(self.data), "TG_METRICS_PORT": str(self.metrics_port)}
        own["TG_SERVE_PORT"] = str(self.serve_port)
        return {**clean_environment(), **telegram, **own, "COLUMNS": "250"}

    def start(self, *arguments: str, **extra: str) -> "subprocess.Popen[str]":
        """Run the command without waiting."""
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            env={**self.environment, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: "subprocess.Popen[str]", seconds: float = 900) -> "subprocess.CompletedProcess[str]":
        """Wait for a started command, and keep what it said unless it was ``env``, which may say secrets."""
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"{process.args!r} did not end within {seconds:.0f} s.\n{out}\n{err}")
        assert isinstance(process.args, list)
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        self._keep(done)
        return done

    def _keep(self, done: "subprocess.CompletedProcess[str]") -> None:
        if "env" not in done.args:
            self.said += [done.stdout, done.stderr]

    def run(self, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        """Run the command; ``extra`` are variables of its environment.

        The first time each is started as a person starts it, then in a process that has loaded its libraries.
        """
        command = arguments[0] if arguments else ""
        if command in ALONE or command not in self.started:
            self.started.add(command)
            return self.finish(self.start(*arguments, **extra))
        done = run_forked(arguments, {**self.environment, **extra}, 900)
        self._keep(done)
        return done

    def must(self, *arguments: str) -> str:
        """Run the command, which must succeed; what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"tg-assets {shlex.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @cached_property
    def variables(self) -> dict[str, str]:
        """What ``tg-assets env`` prints."""
        lines = (shlex.split(line) for line in self.must("env").splitlines())
        return dict(words[1].split("=", 1) for words in lines)

    @property
    def url(self) -> str:
        """Address of Dagster's UI."""
        return self.variables["TG_DAGSTER_URL"]

    @cached_property
    def secrets(self) -> list[str]:
        """Passwords and keys of this installation."""
        return list(json.loads((self.data / "secrets.json").read_text()).values())

    def rows(self, tenant: str, sql: str, **parameters: Any) -> Sequence[Any]:
        """Rows that a tenant sees in PostgreSQL."""
        postgres = KeptDatabase(self.variables["TG_POSTGRES_URL"], keep=2)
        with postgres.tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    def ask(self, query: str, **variables: Any) -> Any:
        """Dagster's answer to a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer
        return answer["data"]

    def materialized(self, asset: str) -> set[str]:
        """Keys of an asset's materialized partitions, ``date|feed``, as the UI shows them."""
        node = self.ask(_PARTITIONS, key={"path": [asset]})["assetNodeOrError"]
        found = set()
        for span in node["assetPartitionStatuses"]["ranges"]:
            days = self._days(span["primaryDimStartKey"], span["primaryDimEndKey"])
            found |= {f"{day}|{feed}" for day in days for feed in span["secondaryDim"]["materializedPartitions"]}
        return found

    @staticmethod
    def _days(first: str, last: str) -> list[str]:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        return [(start + timedelta(days=number)).isoformat() for number in range((end - start).days + 1)]

    def wait_for_backfill(self, backfill: str, seconds: float = 900) -> dict[str, Any]:
        """Wait until a backfill is over; its status and its runs, which take the webserver long to tell."""
        deadline = time.monotonic() + seconds
        while (status := self.ask(_STATUS, id=backfill)["partitionBackfillOrError"]["status"]) not in OVER:
            if time.monotonic() > deadline:
                pytest.fail(f"Backfill {backfill} is {status} after {seconds:.0f} s.\n{self.logs()}")
            time.sleep(1)
        found: dict[str, Any] = self.ask(_BACKFILL, id=backfill)["partitionBackfillOrError"]
        return found

    def logs(self) -> str:
        """The last lines of Dagster's logs."""
        parts = []
        for path in sorted((self.data / "logs").glob("dagster-*.log")):
            lines = path.read_text(errors="replace").splitlines()[-LOG_LINES:]
            parts += [f"--- {path.name}", *(line[:300] for line in lines)]
        return "\n".join(parts)


_PARTITIONS = """
query Partitions($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode { assetPartitionStatuses { ... on MultiPartitionStatuses {
    ranges { primaryDimStartKey primaryDimEndKey
             secondaryDim { ... on DefaultPartitionStatuses { materializedPartitions } } }
  } } } }
}
"""
_STATUS = """
query Status($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }
"""
_BACKFILL = """
query Backfill($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
    status error { message }
    runs(limit: 50) { id status startTime endTime tags { key value } stepStats { stepKey status } }
  } }
}
"""


@contextmanager
def running(data: Path) -> Iterator[Installation]:
    """A running installation with the sample imported for tenant ``demo``; stopped when the block ends."""
    with TelegramServer(World()) as telegram:
        found = Installation(data, telegram)
        data.with_suffix(".pem").write_text(telegram.public_key)
        try:
            up = found.finish(found.start("up"), seconds=1000)  # it waits for what is slow
            if up.returncode:
                pytest.fail(f"`tg-assets up` failed.\n{up.stdout}\n{up.stderr}\n{found.logs()}")
            hurry(data)
            found.must("import", str(SAMPLE), "--tenant", "demo")
            yield found
        finally:
            subprocess.run(
                [str(COMMAND), "down"], env=found.environment, check=True, stdout=subprocess.DEVNULL, timeout=600
            )


__all__ = ["DIRECT", "FEEDS", "ROOT", "SAMPLE", "Installation", "private_feed", "running"]
