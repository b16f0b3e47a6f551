"""The page on which a person says whether a client may read, in Russian or English.

It tells who asks, where the answer goes and what it opens, and has no script. What a client said of itself is text of a
stranger. What does not belong here: what is done about the answer (``routes``).
"""

import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from re import DOTALL
from re import compile as pattern
from string import Template
from urllib.parse import parse_qsl, urlsplit

from pydantic import AnyUrl
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from tg_assets.doors import pages
from tg_assets.doors.oauth.clients import LOOPBACK, Client
from tg_assets.doors.oauth.described import AUTHORIZE
from tg_assets.doors.oauth.places import is_apps, place_of

# Scripts: none, not even ours.
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",  # without one the browser would not say that the form is ours
    "vary": "accept, accept-language",
    "cross-origin-opener-policy": "unsafe-none",  # a window that a client opened for this goes back to it
}
QUOTED = pattern("'.*'", DOTALL)
"""What a reason quotes, to the last mark: there may be others in it."""
WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Let {name} read your archive?", "Разрешить {name} читать ваш архив?"),
    "named": ("“{name}”", "«{name}»"),
    "nameless": ("a program without a name", "программе без названия"),
    "who": (
        "The name is what the program calls itself. What you allow is sent to <strong>{host}</strong>:",
        "Так программа называет себя сама. Разрешение получит <strong>{host}</strong>:",
    ),
    "here": ("a program on this computer", "программа на этом компьютере"),
    "app": ("an app on this device, {app}", "приложение на этом устройстве, {app}"),
    "careful": (
        "Allow it only if you yourself have just added this archive there.",
        "Разрешайте, только если вы сами только что добавили там этот архив.",
    ),
    "sees": ("What it will see", "Что она увидит"),
    "sees_token": (
        "Exactly what the token that you enter shows: the feeds that it opens, and private chats only of the accounts "
        "that it was made for.",
        "Ровно то, что показывает введённый вами токен: открытые им ленты, а личные чаты — только тех аккаунтов, для "
        "которых он создан.",
    ),
    "sees_reads": (
        "It can search and read. It can change nothing, and does not get the token itself.",
        "Она сможет искать и читать. Изменить она ничего не сможет, и сам токен не получит.",
    ),
    "sees_ends": (
        "It ends when the token is revoked (<code>tg-assets tokens revoke</code>), or after 30 days without use.",
        "Это закончится, когда токен отзовут (<code>tg-assets tokens revoke</code>), или через 30 дней без обращений.",
    ),
    "token": ("Token", "Токен"),
    "hint": (
        "Whoever runs the archive gives you one (<code>tg-assets tokens add</code>). Enter it here and nowhere else.",
        "Его вам даст тот, кто ведёт архив (<code>tg-assets tokens add</code>). Вводите его только здесь.",
    ),
    "refused": (
        "This token opens nothing: it ended, was revoked, or is not whole.",
        "Этот токен ничего не открывает: срок истёк, он отозван или введён не целиком.",
    ),
    "missing": ("Enter a token, or deny.", "Введите токен или отклоните запрос."),
    "allow": ("Allow", "Разрешить"),
    "deny": ("Deny", "Отклонить"),
    "back": ("Going back…", "Возвращаемся…"),
    "wrong": ("This program asked in a way that cannot be answered", "Программа составила запрос неверно"),
    "wrong_why": (
        "Nothing was allowed. “{reason}”: tell that to whoever made it. Going on leads to <strong>{host}</strong>.",
        "Ничего не разрешено. «{reason}»: сообщите это её авторам. Кнопка ведёт на <strong>{host}</strong>.",
    ),
    "refused_why": (
        "Nothing was allowed. “{reason}”: tell that to whoever made it, or add this archive to it once more.",
        "Ничего не разрешено. «{reason}»: сообщите это её авторам или добавьте в неё этот архив заново.",
    ),
    "go_on": ("Go on", "Продолжить"),
}


def asked(headers: Headers, by: Client, address: AnyUrl, kept: Mapping[str, str], problem: str = "") -> Response:
    """The page that asks; ``kept`` is what the form sends along, ``problem`` the name of what was wrong."""
    told = _told(headers)
    name = told["named"].format(name=html.escape(by.client_name)) if by.client_name else told["nameless"]
    is_here = address.host in LOOPBACK
    place = html.escape(place_of(str(address)))
    host = told["here"] if is_here else told["app"].format(app=place) if is_apps(address.scheme) else place
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">\n'
        for name, value in kept.items()
    )
    more = {
        "title": told["title"].format(name=name),
        "who": told["who"].format(host=host), "address": html.escape(str(address)), "action": AUTHORIZE, "kept": fields,
        "problem": told[problem] if problem else "", "invalid": ' aria-invalid="true" autofocus' if problem else "",
    }  # fmt: skip
    return _page({**told, **more}, "consent", 400 if problem else 200)


def back(headers: Headers, address: str) -> Response:
    """The page that leads back to the client.

    A redirection would be a part of sending the form, which the policy lets go nowhere else, and clients redirect on.
    """
    told, escaped = _told(headers), html.escape(address)
    head = f'<meta http-equiv="refresh" content="0;url={escaped}">\n'
    return _page({**told, "title": told["back"], "address": escaped, "head": head}, "back", 200)


def wrong(headers: Headers, address: str) -> Response:
    """The page for a request that has a fault, of which the client is told if a person goes on there.

    Nobody is led there at once: a client's address may be anybody's, and our name would stand before it.
    """
    told, parts = _told(headers), urlsplit(address)
    reason = dict(parse_qsl(parts.query)).get("error_description", "")
    why = told["wrong_why"].format(reason=html.escape(reason), host=html.escape(place_of(address)))
    return _page(
        {**told, "title": told["wrong"], "address": html.escape(address), "why": f"<p>{why}</p>\n"}, "back", 400
    )


def refused(headers: Headers, reason: str, status: int) -> Response:
    """The page for a request of nobody who could be told: it leads nowhere, and quotes nothing that was sent, which
    would stand there in our name."""
    told = _told(headers)
    why = told["refused_why"].format(reason=html.escape(QUOTED.sub("…", reason)))
    return _page({**told, "title": told["wrong"], "why": f"<p>{why}</p>\n"}, "refused", status)


def language(accepted: str) -> str:
    """``ru`` or ``en``, whichever a browser wants more, by what it says in Accept-Language."""
    wanted = {"en": 0.0, "ru": 0.0}
    for one in accepted.lower().split(","):
        name, _, quality = one.strip().partition(";q=")
        short = name.partition("-")[0]
        if short in wanted:
            try:
                wanted[short] = max(wanted[short], float(quality or 1))
            except ValueError:
                continue
    return max(wanted, key=lambda short: wanted[short])


def _told(headers: Headers) -> dict[str, str]:
    """Words in the reader's language."""
    chosen = language(headers.get("accept-language", ""))
    return {name: both[chosen == "ru"] for name, both in WORDS.items()} | {"language": chosen, "head": "", "why": ""}


def _page(told: Mapping[str, str], body: str, status: int) -> Response:
    files = {"icon": "icon.svg", "base": "css/base.css", "own": "css/consent.css"}
    addresses = {name: pages.address_of(file) for name, file in files.items()}
    whole = {**told, **addresses, "body": _template(body).substitute(told)}
    return HTMLResponse(_template("page").substitute(whole), status, HEADERS)


@cache
def _template(name: str) -> Template:
    return Template(Path(__file__).with_name(f"{name}.html").read_text("utf-8"))
