"""``feeds``: what is followed, how much of it there is, and what is materialized."""

import click
from rich.table import Table
from sqlalchemy import text

from tg_assets.cli import runtime
from tg_assets.cli.runtime import console


@click.command("feeds")
@click.option("--tenant", help="Only this tenant.")
@click.option("--chats", is_flag=True, help="List the chats of each feed too.")
@click.option("--sync", is_flag=True, help="Give every registered feed of --tenant its partitions.")
def feeds_command(tenant: str | None, chats: bool, sync: bool) -> None:
    """List feeds with their chats, messages and dates."""
    from tg_assets import ids
    from tg_assets.tenants import known_feeds, register, stored_feeds, tenant_slugs

    instance, postgres = runtime.instance(), runtime.postgres()
    if sync:
        if not tenant:
            raise click.UsageError("--sync needs --tenant: without a tenant there is nothing to see.")
        new = register(instance, stored_feeds(postgres, tenant))
        console.print(f"New partitions: {', '.join(new)}" if new else "Every feed has its partitions.")
    known = set(known_feeds(instance))
    table = Table(box=None, pad_edge=False)
    table.add_column("feed", overflow="fold")
    for name in ("kind", "messages", "parsed", "from", "to", "partitions"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("messages", "parsed") else "left")
    for slug in [tenant] if tenant else tenant_slugs(known):
        with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
            for row in connection.execute(text(_FEEDS)):
                span = [f"{moment:%Y-%m-%d}" if moment else "" for moment in (row.first, row.last)]
                listed = "yes" if row.key in known else "no: --sync"
                numbers = [f"{number:,}" for number in (row.messages, row.parsed)]
                table.add_row(row.key, row.kind, *numbers, *span, listed)
                if chats:
                    for chat in connection.execute(text(_CHATS), {"feed": row.key}):
                        table.add_row(f"  {chat.title or ''} ({chat.tg_channel_id})", chat.source)
    console.print(table if table.row_count else "No feeds yet. `tg-assets import PATH` registers one.")


_FEEDS = """
    SELECT f.key, f.kind, f.title, coalesce(sum(r.messages), 0)::bigint AS messages,
           coalesce(sum(p.parsed), 0)::bigint AS parsed, min(r.first) AS first, max(r.last) AS last
    FROM feeds f LEFT JOIN channels c ON c.feed = f.key
    LEFT JOIN LATERAL (SELECT count(*) AS messages, min(posted_at) AS first, max(posted_at) AS last
                       FROM telegram_messages t WHERE t.channel_id = c.id) r ON true
    LEFT JOIN LATERAL (SELECT count(*) AS parsed FROM messages m WHERE m.channel_id = c.id) p ON true
    GROUP BY f.key, f.kind, f.title ORDER BY f.key
"""
_CHATS = "SELECT source, title, tg_channel_id FROM channels WHERE feed = :feed ORDER BY title"
