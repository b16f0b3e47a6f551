"""How a command ends: with a sentence and an exit code, whatever happened; with a traceback only after ``--debug``.

1 is a failure that a sentence tells, 2 a wrong use of the command, 130 Ctrl-C. A reader that has read enough
(``| head``) ends a command without a word. What does not belong here: the sentences (``faults``).
"""

import errno
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import click

from tg_assets.cli import terminal
from tg_assets.collector import look_seldom

_debug = False
_form: Callable[[str], str] = "Error: {}".format


def _ask(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    global _debug
    if value and not context.resilient_parsing:
        _debug = True
        terminal.steer_logs(debug=True)


def allow_debug(command: click.Command) -> click.Command:
    """Give a command and those below it the option ``--debug``, so that it can stand anywhere in the line."""
    if not any(one.name == "debug" for one in command.params):
        told = "Show the traceback of a failure; it may quote messages."
        command.params.append(
            click.Option(["--debug"], is_flag=True, expose_value=False, is_eager=True, help=told, callback=_ask)
        )
    if type(command) is click.Group:
        for inner in command.commands.values():
            allow_debug(inner)
    return command


def tell_as(form: Callable[[str], str]) -> None:
    """Have a failure told in another form than ``Error: …``."""
    global _form
    _form = form


def run(command: click.Command) -> NoReturn:
    """Run the command and end the process."""
    look_seldom()
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    terminal.steer_logs(debug=False)
    threading.excepthook = lambda told: _tell(told.exc_value) if told.exc_value else None
    sys.unraisablehook = lambda told: _show(told.exc_value) if _debug and told.exc_value else None
    sys.exit(_leave(_code(command)))


def _code(command: click.Command) -> int:
    """Run it; its exit code."""
    try:
        code = command(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        terminal.echo("Stopped.", err=True)
        return 130
    except click.ClickException as error:
        _refuse(error)
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:  # noqa: BLE001 - every fault is told
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return 1
        _tell(error)
        return 1
    return code if isinstance(code, int) else 0


def _leave(code: int) -> int:
    """Write out what is still to be written, while a failure of it can be told."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            with suppress(OSError):  # or the interpreter would try again and tell a traceback
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            code = code or 1
            if isinstance(error, OSError) and error.errno != errno.EPIPE and stream is sys.stdout:
                _tell(error)
    return code


def _tell(error: BaseException) -> None:
    from tg_assets.cli.faults import explain

    if _debug:
        _show(error)
    terminal.echo(_form(explain(error)), err=True)


def _show(error: BaseException) -> None:
    terminal.echo("".join(traceback.format_exception(error)).rstrip(), err=True)


def _refuse(error: click.ClickException) -> None:
    """As click shows it: the usage, where to find help, and what is wrong."""
    if _debug:
        _show(error)
    context: Any = getattr(error, "ctx", None)
    if context is not None:
        terminal.echo(context.get_usage(), err=True)
        terminal.echo(f"Try '{context.command_path} --help' for help.\n", err=True)
    terminal.echo(f"Error: {error.format_message()}", err=True)
