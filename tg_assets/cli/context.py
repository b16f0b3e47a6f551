"""``context``: what an archive has on a question, for a language model; with ``--answer``, what one says to it."""

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, narrowed, narrowing_options, opened
from tg_assets.cli.runtime import echo

if TYPE_CHECKING:
    from tg_assets.answers.answering import Answer
    from tg_assets.answers.bundle import Bundle


@click.command("context")
@click.argument("question")
@archive_options
@narrowing_options
@click.option("--tokens", type=int, default=4000, show_default=True, help="How long it may be, estimated.")
@click.option("--answer", "answers", is_flag=True, help="Have the tenant's model answer, with its sources.")
@json_option
def context_command(
    question: str,
    tenant: str,
    owners: tuple[int, ...],
    feeds: tuple[str, ...],
    tokens: int,
    answers: bool,
    as_json: bool,
    **narrow: Any,
) -> None:
    """Gather messages on a question, numbered, with their links and surroundings, to be given to a language model.

    No model is asked, unless --answer is given: then every sentence has its sources, or is left out.
    """
    from tg_assets.answers.answering import answer
    from tg_assets.answers.context import context
    from tg_assets.answers.markdown import as_text

    archive, narrowing = opened(tenant, owners, feeds), narrowed(**narrow)
    if answers:
        with closing(runtime.answerer(tenant)) as chat:
            said = answer(archive, question, chat, tokens=tokens, **narrowing)
        if as_json:
            _show_json(said.bundle, said)
        else:
            echo(answered(said))
        return
    bundle = context(archive, question, tokens=tokens, **narrowing)
    if as_json:
        _show_json(bundle, None)
    else:
        echo(as_text(bundle).rstrip())


def answered(said: "Answer") -> str:
    """An answer as lines: sentences with the numbers of their sources, then where those are."""
    from tg_assets.answers.markdown import link_of

    if not said.is_found:
        return "Not found."
    cited = {label for one in said.sentences for label in one.sources}
    lines = [f"{one.text} {''.join(f'[{label}]' for label in one.sources)}" for one in said.sentences]
    sources = (one for one in said.bundle.sources if one.label in cited)
    return "\n".join([*lines, "", *(f"[{one.label}] {link_of(one.message)}" for one in sources)])


def _show_json(bundle: "Bundle", said: "Answer | None") -> None:
    from tg_assets.answers.markdown import as_text
    from tg_assets.answers.plain import as_json

    about = as_json(bundle)
    items = about.pop("sources")
    if said is not None:
        about["answer"] = {
            "is_found": said.is_found, "sentences": as_json(said.sentences), "dropped": said.dropped,
            "model": said.model, "tokens": said.tokens,
        }  # fmt: skip
    show_json("context", items, **about, text=as_text(bundle))
