"""The ``tg-assets`` command as a person meets it: a process with an exit code and something to read."""

import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import create_engine, text

from tests.doors.conftest import Doors
from tests.doors.oauth.asking import Assistant
from tests.support import pipeline
from tests.support.commands import run_forked
from tests.support.installation import COMMAND, DIRECT, FEEDS, SAMPLE, Installation, private_feed
from tests.support.pipeline import ALL_ASSETS, expected
from tests.support.waiting import wait_for
from tests.telegram.exports import chat, message
from tg_assets.cli import COMMANDS, cli
from tg_assets.cli.stretches import FEW
from tg_assets.metrics.catalogue import AUTOMATIONS, TARGETS

CHAT_OF = {
    "demo.severnyy-mayak": "Северный маяк",
    "demo.komanda-mayaka": "Команда маяка",
    DIRECT: "Катя Новак",
}
SERVERS = {"neo4j", "postgres", "qdrant", "redis", "dagster-code", "dagster-daemon", "dagster-web", "metrics", "serve"}
NOWHERE = "postgresql+psycopg2://tg_dagster:secret@127.0.0.1:9/dagster"  # the discard port: nobody listens


def assert_refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """One sentence on stderr with these words, no traceback, exit code 1."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_help_lists_every_command(installed: Installation) -> None:
    said = installed.must("--help")
    listed = [line.split()[0] for line in said.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)
    for command in COMMANDS:
        shown = CliRunner().invoke(cli, [command, "--help"])
        assert shown.exit_code == 0
        assert command in shown.output


@pytest.mark.parametrize(
    "arguments",
    [("feeds", "--tenant", "demo"), ("search",), ("backfill", "demo.nobody", "2026-01-01..2026-01-31")],
    ids=lambda arguments: arguments[0],
)
def test_a_forked_command_is_as_one_of_its_own(installed: Installation, arguments: tuple[str, ...]) -> None:
    """Most commands here are forked from a process that has loaded their libraries; they must not differ by that."""
    own = installed.finish(installed.start(*arguments))
    forked = run_forked(arguments, installed.environment, 900)
    assert (forked.returncode, forked.stdout, forked.stderr) == (own.returncode, own.stdout, own.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "no/such/export"), ("'export'", "path")),
        (("backfill", "demo.nobody", "2026-01-01..2026-01-31"), ("demo.nobody", *FEEDS)),
        (("backfill", FEEDS[0], "2026-01-01"), ("2026-01-01", "2024-01-01..2024-03-31")),
        (("backfill", FEEDS[0], "2026-02-30..2026-03-01"), ("2026-02-30",)),
        (("backfill", FEEDS[0], "2026-02-02..2026-02-01"), ("2026-02-02..2026-02-01",)),
        (("backfill", FEEDS[0], "2026-01-01..2026-01-02", "--asset", "poststamps"), ("poststamps", "posts")),
        (("search", "", "--tenant", "demo"), ("word",)),
        (("search", "маяк", "--tenant", "demo", "--since", "yesterday"), ("yesterday", "--since")),
    ],
)
def test_errors_are_one_sentence(installed: Installation, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_refused(installed.run(*arguments), *words)


def test_an_unknown_command_and_a_missing_argument_show_the_usage(installed: Installation) -> None:
    for arguments in (("frobnicate",), ("search",), ("backfill", FEEDS[0])):
        done = installed.run(*arguments)
        assert done.returncode == 2
        assert "Usage:" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("env",), ("feeds",), ("import", str(SAMPLE)), ("backfill", FEEDS[0], "2026-01-01..2026-01-02"),
        ("search", "маяк"), ("migrate",), ("status",), ("down",), ("watch", "--once"), ("doctor",),
        ("health",), ("serve", "--port", "0"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
@pytest.mark.parametrize("is_named", [True, False])
def test_without_servers_it_is_told_where_they_were_looked_for(
    installed: Installation, tmp_path: Path, arguments: tuple[str, ...], is_named: bool
) -> None:
    """How to start them, too; and nothing is made there."""
    place = tmp_path / ("new" if is_named else ".tg-assets")
    environment = {
        name: value for name, value in installed.environment.items() if name not in ("TG_DATA_DIR", "COLUMNS")
    }
    if is_named:
        environment["TG_DATA_DIR"] = str(place)
    done = run_forked(arguments, environment, 900, tmp_path)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == (0 if arguments == ("down",) else 1)
    assert f"in {place}" in said
    assert ("TG_DATA_DIR is not set, so this folder's" in said) is not is_named
    if arguments != ("watch", "--once"):
        assert "name its .tg-assets in TG_DATA_DIR; otherwise run `tg-assets up`" in said
    assert "Traceback" not in said
    assert "Page at" not in said
    assert not place.exists()


@pytest.mark.parametrize("command", ["feeds", "import", "backfill"])
def test_a_database_that_does_not_answer_is_named(installed: Installation, command: str) -> None:
    arguments = {"feeds": (), "import": (str(SAMPLE),), "backfill": (FEEDS[0], "2026-01-01..2026-01-02")}[command]
    done = installed.run(command, *arguments, TG_DAGSTER_POSTGRES_URL=NOWHERE)
    assert_refused(done, "TG_DAGSTER_POSTGRES_URL", "`tg-assets up`")


def shell(installed: Installation, script: str, options: str = "") -> str:
    """What a real bash prints for a script that begins with the line that `up` recommends."""
    done = subprocess.run(
        ["bash", "-ec", f'eval "$(tg-assets env {options})"\n{script}'],
        env={**installed.environment, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_env_gives_a_shell_the_addresses(installed: Installation) -> None:
    told = shell(installed, 'echo "$TG_DATA_DIR $DAGSTER_HOME $TG_DAGSTER_URL"').split()
    assert told[:2] == [str(installed.data), str(installed.data / "dagster")]
    assert told[2].startswith("http://127.0.0.1:")
    clients = """
import os, redis, neo4j, urllib.parse
print(redis.Redis.from_url(os.environ["TG_REDIS_URL"]).ping())
url = urllib.parse.urlsplit(os.environ["TG_NEO4J_URL"])
with neo4j.GraphDatabase.driver(f"bolt://{url.hostname}:{url.port}", auth=(url.username, url.password)) as driver:
    print(driver.execute_query("RETURN 7 AS n").records[0]["n"])
"""
    assert shell(installed, f"{shlex.quote(sys.executable)} -c {shlex.quote(clients)}").split() == ["True", "7"]


PSQL = r"""
import os, psycopg2
with psycopg2.connect("") as connection, connection.cursor() as cursor:  # libpq's own variables, as psql reads them
    cursor.execute("SELECT current_user, count(*) FROM telegram_messages GROUP BY 1")
    print(cursor.fetchone())
"""


def test_env_serves_psql(installed: Installation) -> None:
    """psql and everything else on libpq connects by PGHOST and the like, and sees the rows of a named tenant only."""
    ask = f"{shlex.quote(sys.executable)} -c {shlex.quote(PSQL)}"
    assert shell(installed, ask).strip() == "None"
    assert shell(installed, ask, "--tenant demo").strip().startswith("('tg_app', ")


def test_feeds_count_what_was_imported(installed: Installation) -> None:
    lines = installed.must("feeds", "--tenant", "demo").splitlines()
    for feed in FEEDS:
        chat = expected()["chats"][CHAT_OF[feed]]
        (line,) = [line for line in lines if feed in line]
        words = line.replace("│", " ").split()
        assert str(chat["messages"] + chat["service"]) in words, line
        assert "yes" in words, line


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("messages.html", b"<!DOCTYPE html>secret", ("a page of HTML", "Machine-readable JSON")),
        ("result.json", b'[{"_": "Message", "message": "secret"}]', ("Telethon", "Machine-readable JSON")),
        ("result.json.gz", gzip.compress(b'{"id": 42, "messages": [1]}' * 99, mtime=0)[:40], ("cut short",)),
        ("export.zip", b"PK\x03\x04secret", ("cut short or damaged",)),
        ("result.json", b'{"id": 42, "type": "personal_chat", "messages": [{"from_id": "userMe"}]}', ("--owner",)),
    ],
)
def test_a_file_that_cannot_be_imported_is_a_sentence(
    installed: Installation, tmp_path: Path, name: str, data: bytes, words: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(data)
    done = installed.run("import", str(tmp_path / name), "--tenant", "nobody")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert all(word in said for word in words), said
    assert "secret" not in said
    assert "Traceback" not in said


def test_names_of_private_chats_are_shown_to_their_owner(installed: Installation) -> None:
    """Whoever lists feeds sees that somebody's direct messages are there, with whom only when naming the account."""
    name, owner = CHAT_OF[DIRECT], ("--owner", "510001001")
    for command in (("feeds", "--tenant", "demo"), ("feeds", "--tenant", "demo", "--chats"), ("coverage", DIRECT)):
        for stranger in ((), ("--owner", "510001002")):
            said = installed.must(*command, *stranger)
            assert DIRECT.removeprefix("demo.") in said
            assert name not in said
        assert name in installed.must(*command, *owner)
        if command[0] == "feeds":
            assert CHAT_OF[FEEDS[1]] in installed.must(*command)


def test_importing_again_brings_nothing_new(installed: Installation) -> None:
    before = installed.rows("demo", "SELECT count(*), sum(hashtext(id::text)) FROM telegram_messages")
    said = installed.must("import", str(SAMPLE), "--tenant", "demo")
    assert "New feeds" not in said
    assert installed.rows("demo", "SELECT count(*), sum(hashtext(id::text)) FROM telegram_messages") == before


def test_status_shows_every_server_running(installed: Installation) -> None:
    rows = {line.split()[0]: line.split()[1] for line in installed.must("status").splitlines()[1:]}
    assert rows == dict.fromkeys(SERVERS, "running")


def test_status_fails_when_something_is_away(installed: Installation, tmp_path: Path) -> None:
    """A server of one's own that nobody listens at, or nothing that was started."""
    done = installed.run("status", TG_REDIS_URL="redis://127.0.0.1:9/0")
    assert done.returncode == 1
    assert ["redis", "away"] in [line.split() for line in done.stdout.splitlines()]
    assert installed.run("status", TG_DATA_DIR=str(tmp_path / "new")).returncode == 1


def test_up_again_reuses_everything(installed: Installation) -> None:
    before = installed.must("status")
    said = installed.must("up")
    assert installed.url in said
    assert installed.must("status") == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_metrics_are_served(installed: Installation, number: signal.Signals) -> None:
    """Every server answers, and what was done before the page was there is on it; either signal ends it."""
    process = installed.start("metrics", "--port", "0")
    assert process.stdout is not None
    found: dict[tuple[str, ...], float] = {}

    def has_looked() -> bool:
        """Whether every server was looked at: on a busy machine some come after the page."""
        with urllib.request.urlopen(address, timeout=300) as answer:
            families = parsed(answer.read().decode())
        found.update({(one.name, *one.labels.values()): one.value for family in families for one in family.samples})
        return {key[1] for key in found if key[0] == "metrics_backend_up"} == set(TARGETS)

    try:
        address = process.stdout.readline().split()[-1]
        wait_for("a look at every server", has_looked)
    finally:
        process.send_signal(number)
        done = installed.finish(process)
    assert done.returncode == 0, done.stderr
    up = {key[1]: value for key, value in found.items() if key[0] == "metrics_backend_up"}
    assert up == dict.fromkeys(TARGETS, 1.0), done.stderr
    made = installed.rows("demo", "SELECT count(*) AS posts FROM derivations WHERE stage = 'posts' AND status = 'ok'")
    assert found["stage_items_total", "ok", "posts"] >= made[0].posts


def test_health_is_what_the_service_says(installed: Installation) -> None:
    """Of servers and sensors; what else it says depends on who uses the installation beside this test."""
    said = json.loads(installed.run("health", "--json").stdout)
    with urllib.request.urlopen(f"http://127.0.0.1:{installed.metrics_port}/health/detailed") as answer:
        served = json.load(answer)
    assert said["servers"] == served["servers"] == dict.fromkeys(TARGETS, True)
    assert said["automations"] == served["automations"] == dict.fromkeys(AUTOMATIONS, True)
    assert said["status"] in ("healthy", "degraded")


def test_doctor_is_content(installed: Installation) -> None:
    done = installed.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "wrong" not in done.stdout
    assert "nobody waits" in installed.must("doctor", "--locks")


@pytest.fixture(scope="module")
def dry_run(installed: Installation) -> str:
    """What a dry run over two days of a tenant of its own printed."""
    installed.must("import", str(SAMPLE), "--tenant", "dry")
    return installed.must("backfill", "dry.severnyy-mayak", "2026-01-05..2026-01-06", "--dry-run")


def test_dry_run_counts_and_writes_nothing(installed: Installation, dry_run: str) -> None:
    stale = installed.rows(
        "dry",
        """SELECT count(*) FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
           WHERE c.feed = 'dry.severnyy-mayak' AND posted_at >= '2026-01-05' AND posted_at < '2026-01-07'""",
    )[0][0]
    (posts,) = [line.split() for line in dry_run.splitlines() if line.startswith("posts ")]
    assert posts[-2:] == [str(stale)] * 2
    assert "everything is made here, at no price" in dry_run
    assert "Nothing was written" in dry_run
    for table in ("messages", "media_objects", "media_groups", "post_enrichment", "feed_statistics"):
        assert installed.rows("dry", f"SELECT count(*) FROM {table}")[0][0] == 0, table


def test_dry_run_materializes_nothing(installed: Installation, dry_run: str) -> None:
    for asset in ALL_ASSETS:
        assert not [key for key in installed.materialized(asset) if key.endswith("|dry.severnyy-mayak")], asset


@pytest.fixture(scope="module")
def launched(installed: Installation, dry_run: str) -> str:
    """A backfill of one asset and one day, launched without waiting; its id, when it is over."""
    said = installed.must(
        "backfill", private_feed("dry"), "2026-01-06..2026-01-06", "--asset", "telegram_messages", "--no-wait"
    )
    assert f"1 partition of {private_feed('dry')}" in said
    backfill = said.split(":")[0].removeprefix("Backfill ")
    installed.wait_for_backfill(backfill)
    return backfill


def test_backfill_of_one_asset_is_launched_without_waiting(installed: Installation, launched: str) -> None:
    result = installed.wait_for_backfill(launched)
    assert result["status"] == "COMPLETED_SUCCESS", result
    assert [run["status"] for run in result["runs"]] == ["SUCCESS"]
    made = {asset for asset in ALL_ASSETS if f"2026-01-06|{private_feed('dry')}" in installed.materialized(asset)}
    assert made == {"telegram_messages"}


@pytest.fixture(scope="module")
def long_feed(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A feed of a tenant of its own with more messages over seven months than one run is for."""
    at = [1_735_732_800 + number * 212 * 86_400 // (FEW + 100) for number in range(FEW + 100)]  # from 2025-01-01 on
    messages = [message(number + 1, text="x", date_unixtime=str(moment)) for number, moment in enumerate(at)]
    path = pipeline.write_export(tmp_path_factory.mktemp("long"), chat(*messages))
    installed.must("import", str(path), "--tenant", "long", "--feed", "long.x")
    return "long.x"


def test_a_long_range_is_run_by_stretches_the_newest_first(installed: Installation, long_feed: str) -> None:
    """The queue takes them in this order, one at a time, whatever else it has; then all of it is materialized."""
    said = installed.must("backfill", long_feed, "2025-01-01..2025-07-31", "--asset", "posts")
    parts = ["2025-07-01..2025-07-31", "2025-05-01..2025-06-30", "2025-01-01..2025-04-30"]
    assert [line.split()[0] for line in said.splitlines() if line.endswith(" is done.")] == parts
    assert re.search(r"% of the time is over, about \d+ s left", said)
    assert "Done." in said
    backfills = re.findall(r"Backfill (\w+): [\d,]+ partitions? of long.x, (\S+);", said)
    assert [dates for _, dates in backfills] == parts
    runs = [run for backfill, _ in backfills for run in installed.wait_for_backfill(backfill)["runs"]]
    tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in runs]
    assert [(each["tg/feed"], each["dagster/priority"]) for each in tags] == [("long.x", str(-n)) for n in range(3)]
    spans = [(run["startTime"], run["endTime"]) for run in runs]
    assert all(ended <= began for (_, ended), (began, _) in pairwise(spans)), spans
    assert len(installed.materialized("posts") & {f"2025-0{month}-01|long.x" for month in range(1, 8)}) == 7
    again = installed.must("backfill", long_feed, "2025-01-01..2025-07-31", "--asset", "posts")
    assert again.count("Backfill ") == 1, "nothing is stale, so it is one run"
    assert "nothing stale" in again


def test_secrets_are_said_by_env_alone(installed: Installation, dry_run: str, launched: str) -> None:
    """Not in what commands printed, in logs, in argument lists of any child, or in Dagster's events."""
    assert len(installed.secrets) == 7
    places = {f"output {number}": said for number, said in enumerate(installed.said)}
    assert len(places) > 20
    for folder in ("logs", "dagster"):
        files = [path for path in (installed.data / folder).rglob("*") if path.is_file()]
        assert files
        places |= {str(path): path.read_text(errors="replace") for path in files}
    family = [process for process in psutil.process_iter() if belongs(process, installed)]
    assert len(family) >= len(SERVERS)
    places |= {f"argv of {process.pid}": " ".join(process.cmdline()) for process in family}
    engine = create_engine(installed.variables["TG_DAGSTER_POSTGRES_URL"])
    with engine.connect() as connection:
        for table, column in (("event_logs", "event"), ("runs", "run_body"), ("bulk_actions", "body")):
            rows = connection.execute(text(f"SELECT {column} FROM {table}")).scalars()
            places[table] = "\n".join(row or "" for row in rows)
            assert places[table], table
    engine.dispose()
    leaks = [where for where, said in places.items() for secret in installed.secrets if secret in said]
    assert not leaks


def belongs(process: psutil.Process, installed: Installation) -> bool:
    """Whether a process is one of the installation's servers or a child of one, told by its data directory."""
    try:
        return process.environ().get("TG_DATA_DIR") == str(installed.data) or str(installed.data) in " ".join(
            process.cmdline()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def test_the_doors_are_open_to_whoever_has_a_token(installed: Installation) -> None:
    """`up` has started them; a token is told once, is listed without itself, and ends when it is revoked, with what was
    given by OAuth, whichever of the processes is asked."""
    said = installed.run("tokens", "--tenant", "demo", "add", "laptop", "--feed", FEEDS[1])
    token = said.stdout.strip()

    def ask(path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{installed.serve_port}{path}"
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    assert ask("/health")[0] == 200
    assert "<html" in ask("/")[1]
    (seen,) = [one["seen"] for one in json.loads(installed.must("watch", "--json"))["items"] if one["part"] == "doors"]
    assert f":{installed.serve_port}" in seen
    status, told = ask("/api/v1/feeds")
    assert (status, [one["feed"] for one in json.loads(told)]) == (200, [FEEDS[1]])
    assistant = Assistant(Doors(f"http://127.0.0.1:{installed.serve_port}"))
    access = assistant.given(token)["access_token"]
    assert {assistant.status(access) for _ in range(8)} == {200}
    listed = installed.must("tokens", "--tenant", "demo", "--json")
    assert token not in listed
    assert json.loads(listed)["items"][0]["feeds"] == [FEEDS[1]]
    assert json.loads(listed)["items"][0]["given_to"] == ["assistant.example"]
    installed.must("tokens", "--tenant", "demo", "revoke", "laptop")
    assert ask("/api/v1/feeds")[0] == 401
    assert {assistant.status(access) for _ in range(8)} == {401}
    assert_refused(installed.run("tokens", "--tenant", "demo", "revoke", "laptop"), "no token 'laptop'")
