"""The commands of docs/telegram.md, in their order and as they stand there, against the loopback Telegram."""

import re
import shlex
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.installation import ROOT, Installation
from tests.support.waiting import wait_for
from tests.telegram_server.entities import Channel, User

START = datetime(2026, 1, 1, tzinfo=UTC)
CODE = "Login code: 84613"


def commands() -> list[list[str]]:
    """The arguments of each command of the first example."""
    text = (ROOT / "docs" / "telegram.md").read_text("utf-8")
    lines = re.findall(r"```\n(.*?)```", text, re.DOTALL)[0].splitlines()
    return [words[1:] for line in lines if (words := shlex.split(line, comments=True))[:1] == ["tg-assets"]]


@pytest.fixture(scope="module")
def world(installed: Installation) -> tuple[User, Channel]:
    """Somebody with a folder "News", a friend, a group, and Telegram's own messages."""
    world = installed.telegram.world
    eve, friend = world.user("Eve", username="eve"), world.user("Friend")
    channel = world.channel("Some channel", [eve])
    world.folder(eve, "News", [channel])
    for day in range(59):
        world.send(channel, f"report {day}", date=START + timedelta(days=day), announce=False)
    world.send(world.group("Kitchen", [eve, friend]), "who cooks?", sender=friend, date=START, announce=False)
    world.send(eve, "hello, Eve", sender=friend, date=START, announce=False)
    world.send(eve, CODE, sender=world.user("Telegram", id=777000), date=START, announce=False)
    world.clock = max(world.clock, datetime.now(UTC))
    return eve, channel


def log_in(installed: Installation, arguments: list[str], user: User) -> str:
    """Log in by scanning the code that the terminal shows."""
    process = installed.start(*arguments)
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("tg://login"):
            installed.telegram.accept_qr(line.strip(), user)
    done = installed.finish(process)
    assert done.returncode == 0, done.stderr
    return "".join(said)


def listen(installed: Installation, arguments: list[str], channel: Channel) -> str:
    """Listen until a message that is posted meanwhile is there, and press Ctrl-C."""
    process = installed.start(*arguments)
    try:
        wait_for("what was posted", lambda: heard(installed, process, channel))
    finally:
        process.send_signal(signal.SIGINT)
    done = installed.finish(process)
    assert done.returncode == 0, done.stderr
    return done.stdout


def heard(installed: Installation, process: "subprocess.Popen[str]", channel: Channel) -> bool:
    """Whether what is posted once somebody listens is there."""
    assert process.poll() is None, installed.finish(process)
    ready = installed.rows("me", "SELECT 1 FROM account_sessions WHERE update_state IS NOT NULL")
    if ready and channel.box.last_id < 60:
        installed.telegram.world.send(channel, "heard live")
    return bool(installed.rows("me", "SELECT 1 FROM posts WHERE content = 'heard live'"))


def test_the_order_of_commands(installed: Installation, world: tuple[User, Channel]) -> None:
    """From the first login to what accounts read: each does what its comment says, and a login code comes nowhere."""
    eve, channel = world
    said: dict[str, str] = {}
    for arguments in commands():
        name = arguments[0]
        if name == "login":
            said[name] = log_in(installed, arguments, eve)
            listed = installed.must("accounts")
            assert re.search(r"^me +eve +", listed, re.MULTILINE), listed  # it has no feed yet
        elif name == "listen":
            said[name] = listen(installed, arguments, channel)
        else:
            said[name] = installed.must(*arguments)
    assert list(said) == ["up", "login", "feeds", "backfill", "listen", "sideload", "accounts"]
    assert "New feeds: me.some-channel" in said["feeds"]
    assert "Done." in said["backfill"]
    count = "SELECT count(*) FROM telegram_messages t JOIN channels c ON c.id = t.channel_id WHERE c.source = '{}'"
    assert installed.rows("me", count.format("channel")) == [(60,)]
    assert installed.rows("me", count.format("dm")) == installed.rows("me", count.format("persona")) == [(1,)]
    assert re.search(r"never_read +1", said["sideload"])
    assert re.search(r"^me +eve +", said["accounts"], re.MULTILINE)
    assert not installed.rows("me", "SELECT 1 FROM telegram_messages WHERE raw::text LIKE '%84613%'")
    assert CODE not in "".join(said.values()) + installed.logs()
