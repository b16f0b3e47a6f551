"""``judged``: how well search finds what people said is it."""

import click
from rich.table import Table

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, opened
from tg_assets.cli.runtime import console, progress_bar
from tg_assets.counted import counted


@click.command("judged")
@archive_options
@json_option
def judged_command(tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...], as_json: bool) -> None:
    """Ask the questions again of which somebody said «this is it» on the page, and tell where that stands now.

    Questions about private chats are asked with --owner only. The worst come last.
    """
    from tg_assets.answers.judged import judged_questions, places, score
    from tg_assets.answers.plain import as_json as plain

    archive = opened(tenant, owners, feeds)
    questions = judged_questions(archive)
    with progress_bar(to_stderr=True) as bar:
        found = list(bar.track(places(archive, questions), total=len(questions), description="Questions"))
    found.sort(key=lambda one: (one.place is None, one.place or 0, one.question))
    whole = score(found)
    if as_json:
        show_json("judged", map(plain, found), score=plain(whole))
        return
    if not found:
        console.print("Nothing was judged yet: «this is it» below a result on the page does.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("place", justify="right")
    table.add_column("question")
    table.add_column("not it, above", justify="right")
    for one in found:
        table.add_row(str(one.place or "none"), one.question, str(one.above or ""))
    console.print(table)
    shares = ", ".join(f"hit@{depth} {share:.2f}" for depth, share in whole.hits.items())
    console.print(f"{counted(whole.questions, 'question')}: {shares}, MRR {whole.mrr:.2f}")
