"""The ``tg-assets`` command as a person meets it: a process with an exit code and something to read."""

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.doors.conftest import Doors
from tests.doors.oauth.asking import Assistant
from tests.support.commands import assert_refused
from tests.support.installation import COMMAND, DIRECT, FEEDS, SAMPLE, SERVERS, Installation
from tests.support.pipeline import expected
from tests.support.waiting import wait_for
from tg_assets.cli import COMMANDS, cli
from tg_assets.metrics.catalogue import AUTOMATIONS, TARGETS

CHAT_OF = {
    "demo.severnyy-mayak": "Северный маяк",
    "demo.komanda-mayaka": "Команда маяка",
    DIRECT: "Катя Новак",
}


def test_help_lists_every_command(installed: Installation) -> None:
    said = installed.must("--help")
    listed = [line.split()[0] for line in said.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)
    for command in COMMANDS:
        shown = CliRunner().invoke(cli, [command, "--help"])
        assert shown.exit_code == 0
        assert command in shown.output


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
