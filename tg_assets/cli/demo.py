"""``demo``: the whole line on the bundled sample, on embedded servers, ending with things to look at."""

import shlex
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlalchemy import text

from tg_assets import ids
from tg_assets.answers.asking import ask
from tg_assets.answers.context import context
from tg_assets.answers.markdown import as_text
from tg_assets.answers.picture_search import pictures_by_words
from tg_assets.answers.search import search
from tg_assets.backends.dagster_services import page_address
from tg_assets.cli import runtime
from tg_assets.cli.ask import show_answer
from tg_assets.cli.backfill import launch, require_success
from tg_assets.cli.dagster_api import DagsterApi
from tg_assets.cli.following import Lines
from tg_assets.cli.imports import run_import
from tg_assets.cli.pictures import show_pictures
from tg_assets.cli.produce import replay, send
from tg_assets.cli.runtime import console, echo
from tg_assets.cli.search import show_results
from tg_assets.cli.services import start
from tg_assets.cli.tenants import add as add_tenant
from tg_assets.counted import counted
from tg_assets.doors import tokens
from tg_assets.errors import TgAssetsError
from tg_assets.events.envelope import Envelope
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.shipped import shipped

TENANT = "demo"
OWNER = 510001001
"""The account whose export the sample is."""
LIVE_TENANT, LIVE_CHATS, LIVE_SINCE = "live", ("Северный маяк", "Катя Новак"), "2026-03-15"
LIVE_RATE, LIVE_QUESTION = 20.0, "замёрз насос скважины"
# Without any event committed, indexed or linked for so long. Sensors look every few seconds and chunks are small, but
# three backfills go on meanwhile.
LIVE_SECONDS = 900.0
PICTURES = ("мем", "lighthouse")
QUESTIONS = ("ремонт генератора", "solar panel efficiency", "ошибка подключения к датчику")
CONTEXTS, CONTEXT_TOKENS = ("почему не работает генератор?", "how do solar panels work in the cold?"), 800
ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    ("most-forwarded", {}),
    ("who-replies", {"chat": "Команда маяка"}),
    ("shared-pictures", {}),
)


@click.command("demo")
def demo_command() -> None:
    """Start everything, import the sample export, materialize it, and answer some questions."""
    console.rule("1  Starting real servers and Dagster")
    start()
    console.rule("2  Importing the sample: a channel, a group and direct messages")
    reports = run_import(shipped("samples/export"), TENANT, None, None, "UTC")
    console.rule("3  Materializing all assets, one run per feed")
    api = DagsterApi(runtime.settings().require("dagster_url"))
    spans = {report.feed: (report.first, report.last) for report in reports if report.first and report.last}
    launched = {}
    for feed, (first, last) in spans.items():
        launched[feed] = launch(api, feed, f"{first:%Y-%m-%d}..{last:%Y-%m-%d}", (), {})
        console.print(
            f"  launched {feed}: {counted(sum(one.amount.partitions for one in launched[feed]), 'partition')}"
        )
    console.rule("4  Live traffic meanwhile: last weeks of a channel and of a dialogue, sent as events")
    _live()
    console.rule("5  Waiting for the runs")
    everything = [one for several in launched.values() for one in several]
    with console.status("waiting for the daemon to take them up"):
        states = iter(api.wait([one.backfill for one in everything], runtime.run_log(), Lines()))
    for feed, several in launched.items():
        require_success(api, feed, several, list(islice(states, len(several))))
    console.print(_assets_table(api))
    console.rule("6  Asking")
    archive = runtime.archive(TENANT)
    for question in QUESTIONS:
        console.print(f"\nsearch “{question}”")
        show_results(search(archive, question, limit=2).results)
    for question in CONTEXTS:
        console.print(f"\ncontext “{question}”, in {CONTEXT_TOKENS} tokens")
        echo(as_text(context(archive, question, tokens=CONTEXT_TOKENS)))
    console.print(f"\nsearch “{LIVE_QUESTION}”, tenant {LIVE_TENANT}: what came in live")
    show_results(search(runtime.archive(LIVE_TENANT), LIVE_QUESTION, limit=2).results)
    for words in PICTURES:
        console.print(f"\npictures “{words}”")
        show_pictures(pictures_by_words(archive, words, 2), words)
    for name, parameters in ASKED:
        console.print(f"\n{asking(name, parameters)}")
        show_answer(ask(archive, name, **parameters, limit=5))
    console.rule("7  Doors")
    _doors()
    console.print(f"Look around: {api.address}/asset-groups  (stop everything with `tg-assets down`)")


def _doors() -> None:
    """Say where the page is, with a new token in the address, and how an assistant is given the archive."""
    if runtime.settings().serve:
        with runtime.postgres().tenant(ids.tenant_id(TENANT)) as session, session.transaction() as connection:
            if any(one.name == TENANT for one in tokens.tokens(connection)):
                tokens.revoke(connection, TENANT)
            token = tokens.make(connection, ids.tenant_id(TENANT), TENANT)
        echo(f"Ask on a page: {page_address(runtime.settings())}/#token={token}")
    data = runtime.settings().state_dir
    command = Path(sys.executable).with_name("tg-assets")
    add = [
        "claude",
        "mcp",
        "add",
        "tg-assets",
        "-e",
        f"TG_DATA_DIR={data}",
        "--",
        str(command),
        "mcp",
        "--tenant",
        TENANT,
    ]
    echo(f"Let an assistant ask: {shlex.join(add)}")
    echo(of_private_chats())


def of_private_chats() -> str:
    """How page and assistant show them, too."""
    token = shlex.join(["tg-assets", "tokens", "add", "NAME", "--tenant", TENANT, "--owner", str(OWNER)])
    return (
        f"Private chats are shown to those who name their account: add --owner {OWNER} to that line, and open the page "
        f"with a token of `{token}`."
    )


def _live() -> None:
    """Send events and watch them become posts, points and nodes, by the sensors and the runs they start."""
    add_tenant(LIVE_TENANT)
    with replay(shipped("samples/export"), LIVE_TENANT, since=LIVE_SINCE, chats=LIVE_CHATS) as events:
        events.survey()
        total = send(map(ingested, events.events()), None, LIVE_RATE)
    settings, deadline = runtime.settings(), time.monotonic() + LIVE_SECONDS
    with (
        runtime.postgres().tenant(ids.tenant_id(LIVE_TENANT)) as session,
        Progress(TextColumn("  {task.description:<14}"), BarColumn(), MofNCompleteColumn(), console=console) as bar,
    ):
        tasks = {name: bar.add_task(name, total=total) for name in ("posts", "in the index", "in the graph")}
        before: Any = None
        while time.monotonic() < deadline:
            with session.transaction() as connection:
                found = connection.execute(text(_PROGRESS)).one()
            if found != before:  # it goes on, however slowly
                before, deadline = found, time.monotonic() + LIVE_SECONDS
            for task, count in zip(tasks.values(), found, strict=False):
                bar.update(task, completed=count)
            if found.posts >= total and not found.dirty:
                break
            time.sleep(0.2)
        else:
            raise TgAssetsError(
                f"Nothing happened to the live events for {LIVE_SECONDS / 60:.0f} minutes; see `tg-assets watch`."
            )
    console.print(f"  ticks of the sensors and logs of their runs: {settings.require('dagster_url')}/automation")


def ingested(event: PostParsedEventV1 | None) -> Envelope | None:
    """A message of a dialogue as its account's worker tells it, any other as it is."""
    if event is None or event.tg_channel_id is None or event.source not in ids.PER_ACCOUNT:
        return event
    peer = ids.peer_id(event.tg_channel_id, event.source)
    chat = ids.channel_id(ids.tenant_id(LIVE_TENANT), peer, event.owner_id or 0)
    post = ids.post_id(chat, event.telegram_message_id)
    return PersonaMessageIngestedEventV1.of(event, post, peer_id=peer, title=event.chat_title)


def asking(name: str, parameters: dict[str, str]) -> str:
    """The command that asks the graph the same."""
    words = [word for key, value in parameters.items() for word in (f"--{key}", value)]
    return shlex.join(["tg-assets", "ask", name, *words, "--tenant", TENANT, "--limit", "5"])


_PROGRESS = """
    SELECT (SELECT count(*) FROM messages) AS posts,
           (SELECT count(*) FROM indexing_status WHERE embedding_status IN ('completed', 'skipped')) AS indexed,
           (SELECT count(*) FROM indexing_status WHERE graph_status = 'completed') AS linked,
           (SELECT count(*) FROM dirty) AS dirty
"""


def _assets_table(api: DagsterApi) -> Table:
    """Per asset: partitions with data, items, what was made."""
    from tg_assets.assets import ASSETS

    names = [asset.name for asset in ASSETS]
    counts = api.partition_counts(names)
    latest = api.latest_metadata(names)
    table = Table("asset", "partitions materialized", "failed", "last run", title="Assets", title_justify="left")
    for name in names:
        made = latest.get(name, {})
        told = ", ".join(f"{key.removeprefix('count/')} {value:,}" for key, value in _numbers(made).items())
        table.add_row(name, f"{counts[name]['numMaterialized']:,}", f"{counts[name]['numFailed']:,}", told)
    return table


def _numbers(metadata: dict[str, Any]) -> dict[str, int]:
    """The counts of a materialization that say what it made."""
    chosen = {key: value for key, value in metadata.items() if key.startswith("count/") and value}
    return dict(list(chosen.items())[:6]) or {key: metadata[key] for key in ("messages",) if key in metadata}
