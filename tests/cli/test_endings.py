"""Whatever happens to a command, it ends in a sentence and an exit code; a traceback is for who asks for it."""

import ast
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import click
import pytest

from tests.support.data import ROOT
from tests.support.source import parsed
from tg_assets.backends.addresses import make_context
from tg_assets.backends.context import ServerOptions
from tg_assets.backends.layout import Layout
from tg_assets.cli import ending, terminal
from tg_assets.cli.dagster_api import SENTENCES, cause
from tg_assets.cli.faults import explain
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings, load_settings

STRANGE = "\x1b[31m«a stranger's words»\x9b\u202e\ud800"
COMMAND = os.path.join(os.path.dirname(sys.executable), "tg-assets")  # noqa: PTH118, PTH120

End = Callable[..., tuple[int, str]]


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> End:
    """Runs a command that raises, as the entry point does; its exit code and what it wrote to stderr."""
    monkeypatch.setattr(ending, "_debug", False)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)

    def run(error: BaseException, *arguments: str) -> tuple[int, str]:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(sys, "argv", ["tg-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            ending.run(ending.allow_debug(command))
        assert isinstance(ended.value.code, int)
        return ended.value.code, capfd.readouterr().err

    return run


def nested() -> ExceptionGroup[Exception]:
    """As a group of tasks raises it."""
    return ExceptionGroup("tasks", [TgAssetsError("The cause.")])


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (TgAssetsError(f"Feed {STRANGE} is away."), 1, "a stranger's words"),
        (KeyError(STRANGE), 1, "fault of tg-assets (KeyError in ending.py"),
        (UnicodeEncodeError("utf-8", STRANGE, 0, 1, STRANGE), 1, "fault of tg-assets (UnicodeEncodeError"),
        (RecursionError(STRANGE), 1, "fault of tg-assets (RecursionError"),
        (MemoryError(), 1, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), 1, "disk is full (/data/x)"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), 1, "Permission denied (/data/x)"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), 1, "`tg-assets doctor`"),
        (TimeoutError(), 1, "did not answer in time"),
        (nested(), 1, "Error: The cause."),
        (KeyboardInterrupt(), 130, "Stopped."),
        (EOFError(), 130, "Stopped."),
        (click.UsageError(STRANGE), 2, "Usage: "),
        (click.FileError(STRANGE[:-1]), 1, "Could not open"),
        (SystemExit(3), 3, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)  # fmt: skip
def test_an_end_is_a_sentence(end: End, error: BaseException, code: int, words: str) -> None:
    ended, said = end(error)
    assert ended == code
    assert words in said
    assert "Traceback" not in said
    assert said == terminal.plain(said)
    if "fault of tg-assets" in said:
        assert "stranger" not in said
        assert "--debug" in said


def test_a_traceback_is_for_who_asks(end: End) -> None:
    code, said = end(KeyError(STRANGE), "--debug")
    assert code == 1
    assert "Traceback" in said
    assert said == terminal.plain(said)
    assert said.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("place", [("--debug", "coverage", "x.y"), ("coverage", "x.y", "--debug")])
def test_debug_stands_anywhere(tmp_path: object, place: tuple[str, ...]) -> None:
    environment = {**os.environ, "TG_DATA_DIR": f"{tmp_path}/none"}
    done = subprocess.run([COMMAND, *place], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_reader_that_has_enough_ends_it_without_a_word() -> None:
    program = "from tg_assets.cli import ending; import click\n" + (
        "ending.run(click.Command('x', callback=lambda: [click.echo('line ' * 20) for _ in range(100_000)]))"
    )
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -c "$0" | head -1', program], capture_output=True, text=True
    )
    assert done.stdout.startswith("line ")
    assert done.stderr == ""


def test_a_full_disk_under_the_output_is_told() -> None:
    done = subprocess.run(["bash", "-c", f'"{COMMAND}" --help > /dev/full'], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The disk is full")


def test_a_bad_value_of_a_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every setting: it names the variable, and its value only where that cannot hold a secret."""
    refused = set()
    for name in (*Settings.model_fields, *ServerOptions.model_fields):
        variable = f"TG_{name.upper()}"
        for value in ("", "nonsense", "-1", "9" * 30, "http://[::1", "secret://user:hidden@:x", "nan"):
            with monkeypatch.context() as patch:
                patch.setenv(variable, value)
                said = ""
                try:
                    load_settings()
                    make_context(Layout(Settings().state_dir))
                except TgAssetsError as error:
                    said = str(error)
                    refused.add(variable)
            assert said.startswith(variable if said else "")
            assert "Value error" not in said
            assert not (variable.endswith("_URL") and "hidden" in said)
    assert {"TG_REDIS_URL", "TG_NEO4J_URL", "TG_TELEGRAM_API_ID", "TG_GRAIN", "TG_DAGSTER_PORT"} <= refused


def test_sentences_of_libraries_do_not_quote() -> None:
    """A statement that failed, with what it was given."""
    from sqlalchemy.exc import ArgumentError, ProgrammingError

    assert "stranger" not in explain(ProgrammingError("SELECT :text", {"text": STRANGE}, Exception(STRANGE)))
    assert "TG_POSTGRES_URL" in explain(ArgumentError(STRANGE))


def test_a_backfill_tells_every_sentence_that_is_meant_for_people() -> None:
    """Errors of runs arrive with the name of their class: each kind of our own is known as one."""
    classes = [
        (node.name, {getattr(base, "id", "") for base in node.bases})
        for folder in ("tg_assets", "resources", "sensors")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
    ]
    kinds = {TgAssetsError.__name__}
    while found := {name for name, bases in classes if bases & kinds} - kinds:
        kinds |= found
    assert kinds == set(SENTENCES)
    for kind in kinds:
        said = {"className": kind, "message": f"tg_assets.x.{kind}: What happened: this. Do that.\n"}
        assert cause("posts", {"className": "Wrapper", "message": STRANGE, "errorChain": [{"error": said}]}) == (
            "posts: What happened: this. Do that."
        )
    assert "stranger" not in cause("posts", {"className": "KeyError", "message": STRANGE})


def test_help_loads_nothing_that_is_slow() -> None:
    """Every command, and completion in a shell, pays for what the entry point imports."""
    slow = {"rich", "pydantic", "sqlalchemy", "dagster"}
    program = f"import sys, tg_assets.cli; print(sorted({slow} & {{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
