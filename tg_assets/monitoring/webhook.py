"""Telling somebody elsewhere: a signed POST, of alerts as Alertmanager's receivers know it.

Who calls it remembers only what arrived, so that everything is told at least once; a message that is sent again has the
same ``webhook-id``. What does not belong here: what there is to tell.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from tg_assets.encrypted import shows_certificate
from tg_assets.errors import TgAssetsError

SECONDS = 30.0
"""How long a receiver may take, whatever it sends meanwhile: else one that sends a byte now and then is never done."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""The end of what goes on, as Alertmanager has it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """``labels`` say which it is; it goes on while ``ended`` is ``NEVER``. Times are aware."""

    labels: Mapping[str, str]
    summary: str
    description: str
    began: datetime
    ended: datetime = NEVER

    @property
    def fingerprint(self) -> str:
        """The same for the same labels."""
        return hashlib.sha256(orjson.dumps(self.labels, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    @property
    def status(self) -> str:
        """``firing`` or ``resolved``."""
        return "firing" if self.ended == NEVER else "resolved"


def payload(alerts: Sequence[Alert], external_url: str = "") -> dict[str, Any]:
    """What a receiver of Alertmanager gets (version 4,
    https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""
    firing = any(alert.status == "firing" for alert in alerts)
    return {
        "version": "4", "groupKey": "tg-assets", "truncatedAlerts": 0, "receiver": "tg-assets",
        "status": "firing" if firing else "resolved", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": external_url,
        "alerts": [
            {
                "status": alert.status, "labels": dict(alert.labels),
                "annotations": {"summary": alert.summary, "description": alert.description},
                "startsAt": _time(alert.began), "endsAt": _time(alert.ended), "generatorURL": external_url,
                "fingerprint": alert.fingerprint,
            }
            for alert in alerts
        ],
    }  # fmt: skip


def signed(body: bytes, secret: str, message: str, moment: int) -> str:
    """Signature by the Standard Webhooks: of id, time and body; a secret ``whsec_…`` is base64, any other its text."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else None
    except binascii.Error:
        key = None
    digest = hmac.digest(key or secret.encode(), b".".join((message.encode(), str(moment).encode(), body)), "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def post(url: str, secret: str, message: str, body: bytes, place: str | None = None) -> str | None:
    """Send a signed message; None when the other side has it, else in a few words why not, without the address.

    ``message`` is its id, the same when it is sent again; ``place`` is an address to connect to instead of looking up
    the host's. Nothing of the answer is read but its status, and no redirection followed.
    """
    moment, parts = int(time.time()), urlsplit(url)
    headers = {
        "content-type": "application/json", "webhook-id": message, "webhook-timestamp": str(moment),
        "webhook-signature": signed(body, secret, message, moment),
    }  # fmt: skip
    extensions: dict[str, Any] = {}
    if place is not None:
        headers["host"] = parts.netloc
        extensions["sni_hostname"] = parts.hostname
        netloc = f"[{place}]" if ":" in place else place
        url = parts._replace(netloc=f"{netloc}:{parts.port}" if parts.port else netloc).geturl()
    try:
        status = asyncio.run(_status(url, body, headers, extensions))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:  # the last of a Location's host
        return f"cannot be reached ({type(error).__name__})"
    return None if httpx.codes.is_success(status) else f"answered {status}"


async def _status(url: str, body: bytes, headers: Mapping[str, str], extensions: Mapping[str, Any]) -> int:
    """What is answered. Raises TimeoutError after ``SECONDS``, however far it got."""
    async with (
        asyncio.timeout(SECONDS),
        # Certificates are read only where there will be any, a tenth of a second each time. The whole has a timeout.
        httpx.AsyncClient(timeout=None, verify=shows_certificate(url)) as client,  # noqa: S113
        client.stream("POST", url, content=body, headers=headers, extensions=dict(extensions)) as answer,
    ):
        return answer.status_code


def send(url: str, secret: str, alerts: Sequence[Alert], external_url: str = "") -> None:
    """Returns when the other side has it; raises TgAssetsError that names its host only, since a path may be secret."""
    body = orjson.dumps(payload(alerts, external_url))
    told = "".join(f"{one.fingerprint}{_time(one.began)}{one.status}" for one in alerts)
    why_not = post(url, secret, message_id(told), body)
    if why_not is not None:
        host = urlsplit(url).hostname
        raise TgAssetsError(f"TG_ALERT_WEBHOOK: {host} {why_not}. It is told again at the next tick.")


def message_id(told: str) -> str:
    """The id of a message, the same for the same words about what it tells."""
    return f"msg_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment != NEVER else "0001-01-01T00:00:00Z"
