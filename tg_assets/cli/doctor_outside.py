"""What ``doctor`` looks at of those outside: accounts that read Telegram, receivers of saved questions.

None of them is asked anything. What does not belong here: servers of one's own, models.
"""

from functools import partial

from tg_assets.cli import runtime
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError


def telegram() -> str:
    """Accounts in use, whose sessions can be opened."""
    from tg_assets.accounts import store
    from tg_assets.accounts.client import application
    from tg_assets.accounts.vault import vault
    from tg_assets.cli.each_tenant import each, tenants

    settings, active, stopped = runtime.settings(), 0, list[str]()
    for slug, connection in each(tenants(None)):
        for account in store.accounts(connection):
            if not account.is_active:
                stopped.append(f"{slug}/{account.name}: {account.problem}")
                continue
            active += 1
            application(settings)
            for session in store.sessions(connection, account.id):
                vault(settings).open(session.secret)
    if stopped:
        raise TgAssetsError(f"Accounts that are out of use: {'; '.join(stopped)}. Log in again with `tg-assets login`.")
    return (
        f"{counted(active, 'account')}, whose sessions open" if active else "no account; `tg-assets login` logs one in"
    )


def receivers() -> str:
    """Receivers of saved questions, none of which was given up, and whose secrets can be opened."""
    from tg_assets.accounts.vault import vault
    from tg_assets.cli.each_tenant import each, tenants
    from tg_assets.saved import signing
    from tg_assets.saved.questions import saved

    told, given_up, vaults = 0, list[str](), partial(vault, runtime.settings())
    for slug, connection in each(tenants(None)):
        signing.check(connection, vaults)
        for one in saved(connection):
            told += one.telling is not None
            if one.telling == "given_up":
                given_up.append(f"{slug}/{one.token}: {one.id} ({one.webhook}, {one.waiting:,} wait)")
    if given_up:
        raise TgAssetsError(
            f"Receivers that did not answer for days are told no more: {'; '.join(given_up)}. Tell one what waits with "
            "`tg-assets saved retry ID --tenant NAME`, or remove its question."
        )
    return f"{told} receivers, none of them given up" if told else "nobody is told by a webhook"
