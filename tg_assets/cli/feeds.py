"""``feeds``: what is followed, how much of it there is, and what has partitions."""

from typing import Any

import click
from rich.table import Table
from sqlalchemy import text

from tg_assets.cli import runtime
from tg_assets.cli.each_tenant import chosen
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console
from tg_assets.counted import counted


@click.group("feeds", invoke_without_command=True)
@click.option("--tenant", help="Only this tenant.")
@click.option("--chats", is_flag=True, help="List the chats of each feed too, and who reads them.")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are shown by name.")
@json_option
@click.pass_context
def feeds_command(
    context: click.Context, tenant: str | None, chats: bool, owners: tuple[int, ...], as_json: bool
) -> None:
    """List feeds with their chats, messages and dates; `sync` follows what an account subscribes to."""
    if context.invoked_subcommand is not None:
        return
    from tg_assets import ids
    from tg_assets.answers.feeds import feed_rows
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.registry.tenants import known_feeds

    postgres, known = runtime.postgres(), set(known_feeds(runtime.keys()))
    items: list[dict[str, Any]] = []
    table = Table(box=None, pad_edge=False)
    table.add_column("feed", overflow="fold")
    for name in ("kind", "messages", "parsed", "from", "to", "partitions"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("messages", "parsed") else "left")
    table.add_column("not read", overflow="fold")
    table.add_column("title", overflow="fold")
    for slug in chosen(tenant):
        with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
            for row in feed_rows(connection, {"owners": [0, *owners], "feeds": None}, every=True):
                span = [f"{moment:%Y-%m-%d}" if moment else "" for moment in (row.first, row.last)]
                listed = "yes" if row.feed in known else "no: feeds sync"
                numbers = [f"{number:,}" for number in (row.messages, row.parsed)]
                table.add_row(row.feed, row.kind, *numbers, *span, listed, row.not_read or "", row.title or "")
                items.append({"tenant": slug, "has_partitions": row.feed in known, "chats": [], **plain(row)})
                if chats:
                    for chat in connection.execute(text(_CHATS), {"feed": row.feed}):
                        seen = chat.owner_id in (0, *owners)
                        named = f"{chat.title or ''} ({chat.tg_channel_id})"
                        name = named if seen else ids.private_name(chat.id, chat.source)
                        whose = f"{chat.source} of {chat.owner_id}" if chat.owner_id else chat.source
                        table.add_row(f"  {name}", whose, chat.readers or "")
                        items[-1]["chats"].append(
                            {"name": name, "source": chat.source, "owner_id": chat.owner_id, "readers": chat.readers}
                        )
    if as_json:
        show_json("feeds", items)
        return
    console.print(
        table if table.row_count else "No feeds yet. `tg-assets import PATH` or `tg-assets feeds sync` registers some."
    )


@feeds_command.command("sync")
@click.option("--tenant", default="default", show_default=True, help="The account's tenant.")
@click.option("--account", help="Which account; the only one by default.")
@click.option("--folder", help="Only what is in this folder of the account.")
@click.option("--feed", help="One feed for all of it; by default each chat has its own.")
def sync_command(tenant: str, account: str | None, folder: str | None, feed: str | None) -> None:
    """Follow the channels and supergroups that an account subscribes to; give every feed its partitions."""
    import asyncio

    from tg_assets.accounts import store
    from tg_assets.accounts.client import opened
    from tg_assets.history.following import Followed, follow
    from tg_assets.registry.tenants import known_feeds, register, stored_feeds

    settings, postgres, instance = runtime.settings(), runtime.postgres(), runtime.instance()
    tenant_id, in_use = runtime.registered(tenant), len(known_feeds(instance))

    async def run() -> Followed:
        with postgres.tenant(tenant_id) as session:
            with session.transaction() as connection:
                chosen = store.find(connection, account)
            async with opened(postgres, settings, tenant_id, chosen, console.print) as client:
                return await follow(client, session, settings, tenant, in_use, folder_title=folder, feed=feed)

    done = asyncio.run(run())
    new = register(instance, stored_feeds(postgres, tenant))
    chats, feeds = counted(done.chats, "chat"), counted(len(done.feeds), "feed")
    console.print(f"{chats} in {feeds}; {done.discussions:,} of them with their comments")
    if done.closed:
        left = counted(done.closed, "chat that the account has left is", "chats that the account has left are")
        console.print(f"{left} not read any more; what was read stays.")
    if done.never_read:
        console.print(
            f"{counted(done.never_read, 'chat is', 'chats are')} never read: login codes, or named by TG_NEVER_READ."
        )
    if done.not_on_list:
        others = counted(done.not_on_list, "chat is", "chats are")
        console.print(f"{others} not on the account's list: `tg-assets accounts limit`.")
    if done.private:
        private = counted(done.private, "private chat or small group is", "private chats and small groups are")
        console.print(f"{private} not followed: `tg-assets sideload`.")
    console.print(f"New feeds: {', '.join(new)}" if new else "Every feed has its partitions.")


@feeds_command.command("clean")
@click.option("--tenant", default="default", show_default=True)
def clean_command(tenant: str) -> None:
    """Delete what was stored of chats that are never read: those with login codes, and those in TG_NEVER_READ."""
    from tg_assets.landing.forgetting import forget

    settings = runtime.settings()
    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        done = forget(connection, settings.off_limits, settings.start_date)
    letters = counted(done.letters, "dead letter")
    console.print(
        f"Deleted: {counted(done.messages, 'message')} of {counted(done.chats, 'chat')}, {letters}."
        + (" `refresh` takes them out of the index and the graph within a minute." if done.messages else "")
    )


_CHATS = """
    SELECT c.id, source, owner_id, title, tg_channel_id,
           (SELECT string_agg(a.name || coalesce(': ' || u.problem, ''), ', ' ORDER BY a.name)
            FROM user_channel u JOIN accounts a ON a.id = u.user_id WHERE u.channel_id = c.id) AS readers
    FROM channels c WHERE feed = :feed ORDER BY title, c.id
"""
