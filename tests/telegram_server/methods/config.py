"""Where the data centres are, and what one must agree to before anything else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.objects import fill
from tests.telegram_server.rpc import Call, method


@method(f.help.GetConfigRequest, signed_in=False)
def get_config(call: Call, request: Any) -> TLObject:
    now = datetime.fromtimestamp(call.server.accounts.now(), UTC)
    options = [t.DcOption(dc, host, port, static=True) for dc, (host, port) in call.server.addresses.items()]
    return fill(
        t.Config,
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=call.dc,
        dc_options=options,
        dc_txt_domain_name="",
        me_url_prefix="https://t.me/",
        chat_size_max=200,
        megagroup_size_max=200_000,
        caption_length_max=1024,
        message_length_max=4096,
    )


@method(f.help.GetNearestDcRequest, signed_in=False)
def get_nearest_dc(call: Call, request: Any) -> TLObject:
    return t.NearestDc("XX", call.dc, call.dc)


@method(f.help.GetAppConfigRequest, signed_in=False)
def get_app_config(call: Call, request: Any) -> TLObject:
    return t.help.AppConfig(0, t.JsonObject([]))


@method(f.account.InitTakeoutSessionRequest)
def init_takeout(call: Call, request: Any) -> TLObject:
    number = 9_000_000 + len(call.server.calls)
    call.session.takeouts.add(number)
    return t.account.Takeout(number)


@method(f.account.FinishTakeoutSessionRequest)
def finish_takeout(call: Call, request: Any) -> bool:
    call.session.takeouts.discard(call.takeout)
    return True
