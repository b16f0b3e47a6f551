"""``login`` and ``accounts``: who reads Telegram for a tenant, and what keeps them from it."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console, echo
from tg_assets.cli.terminal import plain
from tg_assets.counted import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tg_assets.accounts.store import Account


class Terminal:
    """Asks the person at the terminal."""

    def show_qr(self, url: str, seconds: float) -> None:
        """The code as a picture of blocks, and as text for who cannot scan it."""
        import segno

        console.print("\nScan this with Telegram on your phone: Settings, Devices, Link Desktop Device.")
        segno.make(url, error="l").terminal(out=sys.stdout, compact=True)
        echo(f"{url}\nIt is good for {seconds:.0f} s.")

    def phone(self) -> str:
        """The number, which is not kept."""
        return str(click.prompt("Phone number, with country code"))

    def code(self, wrong: bool) -> str:
        """The code."""
        return str(click.prompt("That was not it. The code" if wrong else "The code that Telegram sent you"))

    def password(self, hint: str | None, wrong: bool) -> str:
        """The password, unseen."""
        asked = "Wrong. Password" if wrong else "Password of your second step"
        return str(click.prompt(plain(f"{asked} (hint: {hint})") if hint else asked, hide_input=True))


@click.command("login")
@click.option("--tenant", default="default", show_default=True, help="For whom the account reads.")
@click.option("--account", "name", help="What to call it here; by default its username.")
@click.option("--code", is_flag=True, help="By a code sent to a phone number instead of a QR code.")
@click.option(
    "--sessions", type=click.IntRange(1, 8), default=2, show_default=True,
    help="How many processes may use it at once, such as `listen` and a backfill.",
)  # fmt: skip
def login_command(tenant: str, name: str | None, code: bool, sessions: int) -> None:
    """Log in an account that reads Telegram; its sessions are kept encrypted. Again: more sessions."""
    from tg_assets import ids
    from tg_assets.accounts import store
    from tg_assets.accounts.client import application
    from tg_assets.accounts.login import log_in
    from tg_assets.accounts.vault import vault
    from tg_assets.registry.channels import register_tenant
    from tg_assets.registry.tenants import announce

    settings, postgres, instance = runtime.settings(), runtime.postgres(), runtime.instance()
    if name:
        store.check_name(name)
    application(settings)
    safe = vault(settings, create=True)
    found = asyncio.run(log_in(settings, Terminal(), by_code=code, sessions=sessions))
    tenant_id = ids.tenant_id(tenant)
    with postgres.tenant(tenant_id) as session, session.transaction() as connection:
        register_tenant(connection, tenant)
        name = store.keep_account(connection, tenant_id, found.telegram_id, name, found.username)
        for one in found.sessions:
            store.keep_session(connection, store.account_id(tenant_id, found.telegram_id), safe.close(one))
    announce(instance, tenant)
    console.print(
        f"Account {name} of tenant {tenant} is logged in, with {counted(len(found.sessions), 'more session')}."
    )
    runtime.compare_settings()
    console.print(f"Next: tg-assets feeds sync --tenant {tenant}, or tg-assets sideload --tenant {tenant}")


@click.group("accounts", invoke_without_command=True)
@click.option("--tenant", help="Only this tenant.")
@json_option
@click.pass_context
def accounts_command(context: click.Context, tenant: str | None, as_json: bool) -> None:
    """List accounts: what they read, which sessions are in use, what Telegram makes them wait for."""
    if context.invoked_subcommand is not None:
        return
    from tg_assets.cli.each_tenant import each, tenants

    table = Table(box=None, pad_edge=False)
    for column in ("tenant", "account", "telegram id", "sessions", "in use", "chats", "waits until", "pace", "heard"):
        table.add_column(column, no_wrap=True)
    for column in ("only", "problem"):
        table.add_column(column, overflow="fold")
    items = [{"tenant": slug, **one} for slug, connection in each(tenants(tenant)) for one in _items(connection)]
    if as_json:
        show_json("accounts", items)
        return
    for item in items:
        table.add_row(item["tenant"], *_cells(item))
    console.print(table if table.row_count else "No account yet. `tg-assets login` logs one in.")


def _items(connection: "Connection") -> list[dict[str, Any]]:
    from sqlalchemy import text

    from tg_assets.accounts import store

    found = connection.execute(text(_CHATS))
    chats = {row.user_id: (int(row.chats), row.closed) for row in found}
    now = datetime.now(UTC)
    items = []
    for one in store.accounts(connection):
        read, closed = chats.get(one.id, (0, None))
        waits = bool(one.flood_until and one.flood_until > now)
        items.append({
            "account": one.name, "telegram_id": one.telegram_id, "sessions": one.sessions,
            "in_use": _in_use(connection, one), "chats": read,
            "waits_until": one.flood_until if waits else None, "waits_for": one.flood_method if waits else None,
            "requests_per_second": 1 / one.pace_seconds if one.pace_seconds else None, "heard_at": one.heard_at,
            "only": one.only, "problem": "; ".join(filter(None, (one.problem, closed))) or None,
        })  # fmt: skip
    return items


def _cells(item: Mapping[str, Any]) -> list[str]:
    """A row of the table."""
    waits, pace, heard, only = item["waits_until"], item["requests_per_second"], item["heard_at"], item["only"]
    return [
        *(str(item[name]) for name in ("account", "telegram_id", "sessions", "in_use", "chats")),
        f"{waits:%H:%M:%S} ({item['waits_for']})" if waits else "",
        f"{pace:.1f}/s" if pace else "free",
        f"{heard:%Y-%m-%d %H:%M:%S}" if heard else "",
        "" if only is None else ", ".join(only) or "nothing",
        item["problem"] or "",
    ]


# How many chats each account reads, and why it does not read others.
_CHATS = """
    SELECT user_id, coalesce(sum(chats) FILTER (WHERE is_active), 0) AS chats,
           string_agg(chats || ' chats: ' || coalesce(problem, 'not read any more'), '; ' ORDER BY problem)
               FILTER (WHERE NOT is_active) AS closed
    FROM (SELECT user_id, is_active, problem, count(*) AS chats FROM user_channel GROUP BY 1, 2, 3) counted
    GROUP BY user_id
"""


def _in_use(connection: "Connection", account: "Account") -> int:
    """How many sessions a process holds at this moment."""
    from sqlalchemy import text

    return int(
        connection.execute(
            text("""SELECT count(*) FROM account_sessions s WHERE s.account_id = :account AND EXISTS (
                        SELECT FROM pg_locks l, hashtextextended(
                            s.tenant_id || '/session/' || s.account_id || '/' || s.number, 0) AS key
                        WHERE l.locktype = 'advisory' AND l.objsubid = 1
                          AND (l.classid::bigint << 32 | l.objid::bigint) = key)"""),
            {"account": account.id},
        ).scalar_one()
    )


@accounts_command.command("remove")
@click.argument("name")
@click.option("--tenant", default="default", show_default=True)
def remove_command(name: str, tenant: str) -> None:
    """Log an account out and forget its sessions; what it read stays."""
    from tg_assets.accounts import store
    from tg_assets.accounts.client import opened
    from tg_assets.errors import TgAssetsError

    settings, postgres, tenant_id = runtime.settings(), runtime.postgres(), runtime.registered(tenant)
    with postgres.tenant(tenant_id) as session:
        with session.transaction() as connection:
            account = store.find(connection, name)

        async def log_out() -> None:
            async with opened(postgres, settings, tenant_id, account, console.print, wait=False) as found:
                await found.client.log_out()
                with session.transaction() as connection:
                    store.drop_session(connection, account.id, found.number, "logged out here")

        for _ in range(account.sessions):
            try:
                asyncio.run(log_out())
            except TgAssetsError as error:
                console.print(str(error))
        with session.transaction() as connection:
            left = len(store.sessions(connection, account.id))
    if left:
        raise TgAssetsError(
            f"In use and kept: {counted(left, 'session')} of {name}. Stop what uses them and run it again."
        )
    console.print(f"Account {name} is logged out. What it read stays.")


@accounts_command.command("chats")
@click.argument("name", required=False)
@click.option("--tenant", default="default", show_default=True)
def chats_command(name: str | None, tenant: str) -> None:
    """List an account's chats with the ids that `limit` and TG_NEVER_READ take; reads no message and keeps nothing."""
    from tg_assets.accounts import store
    from tg_assets.accounts.client import opened
    from tg_assets.accounts.limits import may_read
    from tg_assets.history.dialogs import Dialog, dialog_pages

    settings, postgres, tenant_id = runtime.settings(), runtime.postgres(), runtime.registered(tenant)
    with postgres.tenant(tenant_id) as session, session.transaction() as connection:
        account = store.find(connection, name)

    async def found() -> list[Dialog]:
        async with opened(postgres, settings, tenant_id, account, console.print) as client:
            return [one async for page, _ in dialog_pages(client.client) for one in page]

    table = Table("id", "kind", "username", "title", "read", box=None, pad_edge=False)
    for one in asyncio.run(found()):
        never = settings.off_limits.has(one.marked_id, one.filed_as, one.username)
        read = "never" if never else "yes" if may_read(account.only, one.marked_id, one.username) else "no"
        table.add_row(str(one.marked_id), one.type, f"@{one.username}" if one.username else "", one.title or "", read)
    console.print(table)


@accounts_command.command("limit")
@click.argument("name", required=False)
@click.option("--tenant", default="default", show_default=True)
@click.option("--only", "only", multiple=True, metavar="CHAT", help="A chat's id or @username; once for each chat.")
@click.option("--all", "everything", is_flag=True, help="Lift the limit.")
def limit_command(name: str | None, tenant: str, only: tuple[str, ...], everything: bool) -> None:
    """Limit an account to some chats: no other is followed, sideloaded, listened to or backfilled with it.

    The list is kept with the account and takes the place of the one before; `accounts` shows it. What was read of
    other chats stays.
    """
    from tg_assets.accounts import store
    from tg_assets.accounts.limits import chat_names
    from tg_assets.errors import TgAssetsError

    if bool(only) == everything:
        raise TgAssetsError("Say either which chats, with --only CHAT for each, or --all for all of them.")
    chosen = None if everything else chat_names(only)
    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        account = store.find(connection, name)
        store.limit(connection, account.id, chosen)
    console.print(
        f"Account {account.name} may read all chats." if chosen is None else
        f"Account {account.name} reads these chats and no other: {', '.join(chosen)}"
    )  # fmt: skip
