"""The README's order of commands, as written, from an empty directory to answers; Telegram is the loopback."""

import re
import shlex
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.installation import SAMPLE, Installation
from tests.support.servers import clean_environment
from tests.telegram_server import TelegramServer, World
from tests.telegram_server.entities import User

README = Path(__file__).parents[2] / "README.md"
# What a person puts in place of the README's examples.
MINE = {
    "~/Downloads/DataExport_2026-01-31": str(SAMPLE),
    "me.some-channel 2025-01..2025-03": "me.severnyy-mayak 2026-01-05..2026-01-06",
    "me.some-channel 2026-01-01..2026-02-28": "me.harbour_news 2026-01-01..2026-01-02",
    "where did we leave the keys": "генератор",
}


@dataclass
class Shell(Installation):
    """A shell in which nothing is set but where the data are, and what was exported since."""

    exported: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**clean_environment(), "TG_DATA_DIR": str(self.data), **self.exported}

    def export(self) -> None:
        """Telegram's settings, and where the loopback is."""
        host, port = self.telegram.address
        self.exported |= {
            "TG_TELEGRAM_API_ID": "1", "TG_TELEGRAM_API_HASH": "0" * 32, "TG_TELEGRAM_SERVER": f"2@{host}:{port}",
            "TG_TELEGRAM_SERVER_KEY": str(self.data.with_suffix(".pem")),
        }  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    """A Telegram of now."""
    return World()


@pytest.fixture(scope="module")
def person(world: World) -> User:
    """Ann, who reads one channel in a folder."""
    ann = world.user("Ann", username="ann", phone="+49 30 901820")
    news = world.channel("Harbour news", [ann], username="harbour_news")
    world.folder(ann, "News", [news])
    for day in (1, 2):
        world.send(news, f"Harbour report {day}", date=datetime(2026, 1, day, 9, tzinfo=UTC), announce=False)
    world.clock = datetime.now(UTC)
    return ann


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, world: World, person: User) -> Iterator[Shell]:
    data = tmp_path_factory.mktemp("readme") / "data"
    with TelegramServer(world) as telegram:
        found = Shell(data, telegram)
        data.with_suffix(".pem").write_text(telegram.public_key)
        try:
            yield found
        finally:
            found.run("down")


def commands() -> list[str]:
    """The lines of the code blocks under "Your own Telegram", without their comments."""
    section = README.read_text("utf-8").partition("## Your own Telegram")[2].partition("\n| command")[0]
    blocks = re.findall(r"```\n(.*?)```", section, re.S)
    return [line.split("   #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def follow(shell: Shell, person: User, lines: list[str]) -> None:
    """Each command ends well."""
    for command in lines:
        for example, own in MINE.items():
            command = command.replace(example, own)
        words = shlex.split(command)
        if words == ["make", "up"]:
            shell.must("up")
        elif words[0] == "export":
            if "TG_TELEGRAM_API_ID" in command:
                shell.export()
        elif words[1] == "login":
            log_in(shell, person, words[1:])
        elif words[1] == "listen":
            process = shell.start(*words[1:], TG_LISTEN_STATUS_SECONDS="1")
            assert process.stdout
            next(line for line in process.stdout if ": listening" in line)
            process.send_signal(signal.SIGINT)
            assert shell.finish(process).returncode == 0
        else:
            done = shell.finish(shell.start(*words[1:]), seconds=900)
            said = done.stdout
            assert done.returncode == 0, said + done.stderr
            assert "Note:" not in done.stderr
            assert said or words[1] != "search"
            if words[1] == "up":
                assert "dagster-code is started anew, because TG_TELEGRAM_API_HASH, TG_TELEGRAM_API_ID" in said
                assert "Dagster's UI" in said


def halves() -> tuple[list[str], list[str]]:
    """The commands until Telegram's settings are exported, and from ``up`` on, which hands them over."""
    found = commands()
    assert len(found) >= 11
    (handed,) = [place for place, command in enumerate(found) if command == "tg-assets up"]
    return found[:handed], found[handed:]


@pytest.mark.timeout(1800)
def test_an_export_as_in_the_readme(shell: Shell, person: User) -> None:
    follow(shell, person, halves()[0])
    assert shell.exported


def test_a_failed_backfill_says_why(shell: Shell, person: User) -> None:
    """Dagster was started by a shell without Telegram's settings: that is told, and the step's own sentence."""
    shell.must("tenants", "add", "early")
    log_in(shell, person, ["login", "--tenant", "early"], noted=True)
    shell.must("feeds", "sync", "--tenant", "early", "--folder", "News")
    done = shell.run("backfill", "early.harbour_news", "2026-01-01..2026-01-01")
    assert done.returncode == 1
    note, error = done.stderr.strip().splitlines()
    assert note.startswith("Note: Dagster runs with other settings than this shell: TG_TELEGRAM_API_HASH, ")
    assert "`tg-assets up`" in note
    assert error.startswith("Error: The backfill failed. telegram_messages: TG_TELEGRAM_API_ID and ")
    assert "my.telegram.org" in error
    assert "tags" not in error


def test_telegram_as_in_the_readme(shell: Shell, person: User) -> None:
    """Imports and history are found, and what failed is done by the same command now."""
    follow(shell, person, halves()[1])
    assert shell.rows("me", "SELECT count(*) FROM posts WHERE content LIKE 'Harbour report%'") == [(2,)]
    assert "is started anew" not in shell.must("up")
    assert "Done." in shell.must(
        "backfill", "early.harbour_news", "2026-01-01..2026-01-01", "--asset", "telegram_messages"
    )


def log_in(shell: Shell, person: User, words: list[str], noted: bool = False) -> None:
    process = shell.start(*words)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("tg://login"):
            shell.telegram.accept_qr(line.strip(), person)
    done = shell.finish(process)
    assert done.returncode == 0, done.stderr
    assert ("Note:" in done.stderr) is noted
