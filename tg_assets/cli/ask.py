"""``ask``: questions with a name, asked of the graph."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import opened
from tg_assets.cli.runtime import console
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.answers.asking import Answer
    from tg_assets.graph.questions.question import Question

# For programs, which get them with --json.
NOT_SHOWN = frozenset({"post_id", "chat_id", "sha256", "album"})


@click.command("ask", context_settings={"ignore_unknown_options": True})
@click.argument("question", required=False)
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@click.option("--tenant", default="default", show_default=True)
@click.option("--feed", "feeds", multiple=True, help="Only these feeds.")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are asked about too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
def ask_command(
    question: str | None,
    parameters: tuple[str, ...],
    tenant: str,
    feeds: tuple[str, ...],
    owners: tuple[int, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Ask the graph a QUESTION by its name, with its PARAMETERS as options: `ask activity --person @anna`.

    Without a name it lists all questions with their parameters.

    Most take --since and --until, ISO dates in UTC. A chat is named by its title, @username, number or feed, a
    person by the name that is shown, @username or number, a post by its link or as CHAT/NUMBER.
    """
    from tg_assets.answers.asking import ask, questions

    if question is None:
        if as_json:
            show_json("ask", map(_plain, questions()))
        else:
            _list(questions())
        return
    if question.startswith("-"):
        raise TgAssetsError("Name the question before its parameters: `tg-assets ask` lists all.")
    values = {**dict(given(parameters)), "limit": limit}
    answer = ask(opened(tenant, owners, feeds), question, **values)
    if as_json:
        show_json("ask", answer.rows, question=answer.question, columns=answer.columns)
    else:
        show_answer(answer)


def given(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``--name value`` and ``--name=value``; raises TgAssetsError for anything else."""
    left = iter(words)
    for word in left:
        name, found, value = word.partition("=")
        if not name.startswith("--") or len(name) < 3:
            raise TgAssetsError(f"{word!r} has no parameter's name before it, as in --chat NAME.")
        if not found:
            try:
                value = next(left)
            except StopIteration:
                raise TgAssetsError(f"{name} has no value.") from None
        yield name[2:].replace("-", "_"), value


def show_answer(answer: "Answer") -> None:
    """Print an answer as a table."""
    if not answer.rows:
        console.print("Nothing found.")
        return
    shown = [name for name in answer.columns if name not in NOT_SHOWN]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in shown:
        numbers = all(isinstance(row[name], int | float) for row in answer.rows)
        table.add_column(name.replace("_", " "), overflow="fold", justify="right" if numbers else "left")
    for row in answer.rows:
        table.add_row(*(str(row[name] or "") if name.endswith("id") else _cell(row[name]) for name in shown))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**9 else str(value)


def _list(questions: "Sequence[Question]") -> None:
    for question in questions:
        console.print(question.name, style="bold")
        console.print(f"  {question.english}")
        console.print(f"  {question.russian}", style="dim")
        for one in question.parameters:
            needed = "" if one.required else f" (default {one.default})" if one.default is not None else " (optional)"
            console.print(f"  --{one.name.replace('_', '-')}  {one.help}{needed}", style="cyan")
        console.print(f"  {_example(question)}", style="green")
    console.print(
        "\nEvery question takes --tenant, --owner, --feed, --limit and --json; those with dates --since, --until."
    )


def _example(question: "Question") -> str:
    import shlex

    words = [word for one in question.parameters if one.required for word in (f"--{one.name}", one.example)]
    return shlex.join(["tg-assets", "ask", question.name, *words])


def _plain(question: "Question") -> dict[str, Any]:
    from tg_assets.answers.asking import described

    return {**described(question), "example": _example(question)}
