"""``rebuild``: vectors or graph again from the database and the object store, while what is there answers."""

from collections.abc import Callable

import click
from rich.progress import Progress, TaskID

from tg_assets.cli import runtime
from tg_assets.cli.each_tenant import chosen
from tg_assets.cli.runtime import console

STORES = {"qdrant": "qdrant_points", "neo4j": "neo4j_nodes"}


@click.command("rebuild")
@click.argument("store", type=click.Choice(list(STORES)))
@click.option("--tenant", help="Only this tenant's; all tenants' by default.")
def rebuild_command(store: str, tenant: str | None) -> None:
    """Make vectors (qdrant) or the graph (neo4j) again from the database; searches are answered meanwhile.

    All vectors are built into a new index by the embedder that is chosen now, which then takes the old one's place.
    One tenant's, and the graph, are made again where they are. One that was interrupted is gone on with.
    """
    from tg_assets.assets.rebuilt import rebuild_in_place, rebuild_index

    runtime.compare_settings()
    tools = runtime.tools()
    slugs = chosen(tenant)
    with runtime.progress_bar() as bar:
        tell = bar_of(bar)
        if store == "qdrant" and not tenant:
            rebuild_index(tools, slugs, advance=tell, log=_say)
        else:
            for slug in slugs:
                rebuild_in_place(tools, STORES[store], slug, advance=_named(tell, slug), log=_say)
    console.print("Done.")


def _say(said: str) -> None:
    console.print(f"  {said}", soft_wrap=True)


def _named(tell: Callable[[str, int, int], None], slug: str) -> Callable[[str, int, int], None]:
    return lambda what, done, total: tell(f"{slug}: {what}", done, total)


def bar_of(bar: Progress) -> Callable[[str, int, int], None]:
    """What is told of progress, as bars: one for each thing that is done."""
    tasks: dict[str, TaskID] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks or bar.tasks[tasks[what]].finished:
            tasks[what] = bar.add_task(what, total=None)
        bar.update(tasks[what], completed=done, total=total or None)

    return tell
