"""Signing in and out: by code, by password, by QR token, and carrying a sign-in to another data centre."""

import os
import re
from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.accounts import Session
from tests.telegram_server.faults import RpcError
from tests.telegram_server.media import HOME_DC
from tests.telegram_server.objects import View
from tests.telegram_server.rpc import Call, method
from tests.telegram_server.srp import Challenge, new_algorithm
from tests.telegram_server.world import digits


def _authorization(call: Call) -> TLObject:
    user = call.user
    return t.auth.Authorization(View(call.world, user).user(user))


@method(f.auth.SendCodeRequest, signed_in=False)
def send_code(call: Call, request: Any) -> TLObject:
    phone = digits(request.phone_number)
    if not re.fullmatch(r"\d{7,15}", phone):
        raise RpcError(406, "PHONE_NUMBER_INVALID")
    if call.dc != HOME_DC:
        raise RpcError(303, f"PHONE_MIGRATE_{HOME_DC}")
    return t.auth.SentCode(t.auth.SentCodeTypeApp(5), call.server.accounts.new_code(phone), timeout=60)


@method(f.auth.ResendCodeRequest, signed_in=False)
def resend_code(call: Call, request: Any) -> TLObject:
    phone = digits(request.phone_number)
    return t.auth.SentCode(t.auth.SentCodeTypeSms(5), call.server.accounts.new_code(phone), timeout=60)


@method(f.auth.CancelCodeRequest, signed_in=False)
def cancel_code(call: Call, request: Any) -> bool:
    return call.server.accounts.codes.pop(digits(request.phone_number), None) is not None


@method(f.auth.SignInRequest, signed_in=False)
def sign_in(call: Call, request: Any) -> TLObject:
    phone = digits(request.phone_number)
    if not request.phone_code:
        raise RpcError(400, "PHONE_CODE_EMPTY")
    code, code_hash = call.server.accounts.codes.get(phone, (None, None))
    if code_hash is None or request.phone_code_hash != code_hash:
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    if request.phone_code != code:
        raise RpcError(400, "PHONE_CODE_INVALID")
    user = call.world.by_phone(phone)
    if user is None:
        return t.auth.AuthorizationSignUpRequired()
    if user.deleted:
        raise RpcError(401, "USER_DEACTIVATED")
    del call.server.accounts.codes[phone]
    call.session.sign_in(user)
    return _authorization(call)


@method(f.account.GetPasswordRequest, signed_in=False)
def get_password(call: Call, request: Any) -> TLObject:
    user = call.session.waiting or call.session.user
    if user is None:
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")
    rest = new_algorithm(), t.SecurePasswordKdfAlgoUnknown(), os.urandom(32)
    if user.password is None:
        return t.account.Password(*rest)
    call.session.challenge = challenge = Challenge(user.password)
    return t.account.Password(
        *rest,
        has_password=True,
        current_algo=challenge.algorithm,
        srp_B=challenge.b_public,
        srp_id=challenge.id,
        hint="the usual",
    )


@method(f.auth.CheckPasswordRequest, signed_in=False)
def check_password(call: Call, request: Any) -> TLObject:
    session = call.session
    user = session.waiting or session.user
    if user is None:
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")
    proof = request.password
    if (
        session.challenge is None
        or not isinstance(proof, t.InputCheckPasswordSRP)
        or proof.srp_id != session.challenge.id
    ):
        raise RpcError(400, "SRP_ID_INVALID")
    challenge, session.challenge = session.challenge, None
    if not challenge.proves(proof.A, proof.M1):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    session.user, session.waiting = user, None
    return _authorization(call)


@method(f.auth.ExportLoginTokenRequest, signed_in=False)
def export_login_token(call: Call, request: Any) -> TLObject:
    """A token for a QR code; once somebody accepted it, the sign-in, or where to go for it."""
    accounts = call.server.accounts
    accepted = accounts.accepted_by(call.session)
    if accepted is None:
        token, expires = accounts.new_token(call.session)
        return t.auth.LoginToken(datetime.fromtimestamp(expires, UTC), token)
    if call.dc != HOME_DC:
        return t.auth.LoginTokenMigrateTo(HOME_DC, accepted[0])
    return _with_token(call, accepted[0])


@method(f.auth.ImportLoginTokenRequest, signed_in=False)
def import_login_token(call: Call, request: Any) -> TLObject:
    found = call.server.accounts.tokens.get(request.token)
    if found is None or found.user is None:
        raise RpcError(400, "AUTH_TOKEN_INVALIDX" if found is None else "AUTH_TOKEN_EXPIRED")
    return _with_token(call, request.token)


def _with_token(call: Call, token: bytes) -> TLObject:
    user = call.server.accounts.tokens.pop(token).user
    call.session.sign_in(user)
    return t.auth.LoginTokenSuccess(_authorization(call))


@method(f.auth.AcceptLoginTokenRequest)
def accept_login_token(call: Call, request: Any) -> TLObject:
    accepted = call.server.accounts.accept_token(request.token, call.user)
    call.server.tell_of_token(accepted)
    return _device(accepted.session, call)


@method(f.auth.LogOutRequest)
def log_out(call: Call, request: Any) -> TLObject:
    call.server.accounts.revoke(call.session)
    return t.auth.LoggedOut()


@method(f.auth.ExportAuthorizationRequest)
def export_authorization(call: Call, request: Any) -> TLObject:
    if request.dc_id == call.dc or request.dc_id not in call.server.addresses:
        raise RpcError(400, "DC_ID_INVALID")
    token = os.urandom(32)
    call.server.accounts.exported[token] = call.session
    return t.auth.ExportedAuthorization(call.user.id, token)


@method(f.auth.ImportAuthorizationRequest, signed_in=False)
def import_authorization(call: Call, request: Any) -> TLObject:
    origin = call.server.accounts.exported.pop(request.bytes, None)
    if origin is None or origin.user is None or origin.user.id != request.id:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    call.session.user, call.session.parent = origin.user, origin
    return _authorization(call)


@method(f.account.GetAuthorizationsRequest)
def get_authorizations(call: Call, request: Any) -> TLObject:
    sessions = [one for one in call.server.accounts.sessions.values() if one.user is call.user and one.parent is None]
    return t.account.Authorizations(180, [_device(one, call) for one in sessions])


@method(f.account.ResetAuthorizationRequest)
def reset_authorization(call: Call, request: Any) -> bool:
    for session in list(call.server.accounts.sessions.values()):
        if session.user is call.user and session.hash == request.hash:
            call.server.accounts.revoke(session)
            return True
    raise RpcError(400, "HASH_INVALID")


def _device(session: Session, call: Call) -> TLObject:
    created = datetime.fromtimestamp(session.created, UTC)
    return t.Authorization(
        0 if session is call.session else session.hash,
        "PC",
        "Linux",
        "1",
        1,
        "Test",
        "1",
        created,
        datetime.now(UTC),
        "127.0.0.1",
        "",
        "",
        current=(session is call.session) or None,
    )
