"""What was given is used once, by whom it was given to, for a while; of it the database has hashes."""

import base64
import logging
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, token_for
from tests.doors.oauth.asking import BACK, Assistant, refused
from tests.support import pipeline
from tg_assets.doors import tokens
from tg_assets.doors.access import Opener
from tg_assets.doors.oauth import grants
from tg_assets.doors.oauth.grants import ACCESS, CODE, MOST, REFRESH


def change(tenant: Tenant, sql: str, **values: Any) -> None:
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        connection.execute(text(sql), values)


def test_a_code_is_used_once(one: Assistant, mine: Tenant) -> None:
    """Who brings it again ends what was given for it."""
    code = one.code(token_for(mine))
    given = one.exchanged(code).json()
    assert one.status(given["access_token"]) == 200
    assert refused(one.exchanged(code)) == (400, "invalid_grant")
    assert one.status(given["access_token"]) == 401
    assert refused(one.refreshed(given["refresh_token"])) == (400, "invalid_grant")


def test_a_refresh_token_is_used_once(one: Assistant, mine: Tenant) -> None:
    """However many took its place since: who brings it again ends them all."""
    first = one.given(token_for(mine))
    second = one.refreshed(first["refresh_token"]).json()
    third = one.refreshed(second["refresh_token"]).json()
    assert [one.status(given["access_token"]) for given in (first, second, third)] == [401, 401, 200]
    assert refused(one.refreshed(first["refresh_token"])) == (400, "invalid_grant")
    assert one.status(third["access_token"]) == 401
    assert refused(one.refreshed(third["refresh_token"])) == (400, "invalid_grant")


def test_who_never_got_an_answer_asks_again(one: Assistant, mine: Tenant) -> None:
    """As often as it has to, for a while: what was given in between opens nothing."""
    first = one.given(token_for(mine))["refresh_token"]
    lost, lost_too = one.refreshed(first).json(), one.refreshed(first).json()
    given = one.refreshed(first)
    assert given.status_code == 200
    assert [one.status(each["access_token"]) for each in (lost, lost_too, given.json())] == [401, 401, 200]
    assert one.refreshed(given.json()["refresh_token"]).status_code == 200


@pytest.mark.parametrize("how", ["used", "late", "renewed", "by another", "what was lost"])
def test_what_is_no_lost_answer_ends_all(one: Assistant, doors: Doors, mine: Tenant, how: str) -> None:
    """Somebody has what took its place, or too much time went by; and who brings what was never used has a copy."""
    first = one.given(token_for(mine))["refresh_token"]
    second = one.refreshed(first).json()
    brought, last = first, second
    match how:
        case "used":
            assert one.status(second["access_token"]) == 200
        case "late":
            change(mine, "UPDATE oauth_grants SET renewed_at = renewed_at - interval '31 seconds'")
        case "renewed":
            last = one.refreshed(second["refresh_token"]).json()
        case "by another":
            assert refused(Assistant(doors, "Another").refreshed(first)) == (400, "invalid_grant")
            return
        case "what was lost":
            last = one.refreshed(first).json()
            brought = second["refresh_token"]
    assert refused(one.refreshed(brought)) == (400, "invalid_grant")
    assert one.status(last["access_token"]) == 401
    assert refused(one.refreshed(last["refresh_token"])) == (400, "invalid_grant")


def test_of_two_at_once_neither_keeps_anything(one: Assistant, opener: Opener, mine: Tenant) -> None:
    """Both found the code unused; the second finds out, and what the first was given ends."""
    found = grants.by_code(opener.database, one.code(token_for(mine)))
    assert found is not None
    given = grants.renew(opener.database, found)
    assert given is not None
    assert one.status(given.access) == 200
    assert grants.renew(opener.database, found) is None
    assert one.status(given.access) == 401


def test_a_code_is_its_clients(one: Assistant, doors: Doors, mine: Tenant) -> None:
    """By its verifier, its address and its id; and it is still good after all who tried."""
    code = one.code(token_for(mine))
    assert refused(one.exchanged(code, code_verifier="w" * 43)) == (400, "invalid_grant")
    assert refused(one.exchanged(code, code_verifier=one.asked["code_challenge"])) == (400, "invalid_grant")
    assert refused(one.exchanged(code, redirect_uri="https://evil.example/")) == (400, "invalid_request")
    assert refused(one.exchanged(code, resource="https://evil.example/mcp")) == (400, "invalid_target")
    assert refused(one.exchanged(code, grant_type="client_credentials")) == (400, "invalid_request")
    assert refused(Assistant(doors, "Other").exchanged(code)) == (400, "invalid_grant")
    given = one.exchanged(code)
    assert given.status_code == 200
    other = Assistant(doors, "Other").refreshed(given.json()["refresh_token"])
    assert refused(other) == (400, "invalid_grant")


def test_a_code_ends_soon(one: Assistant, mine: Tenant) -> None:
    code = one.code(token_for(mine))
    change(mine, "UPDATE oauth_grants SET expires_at = now() - interval '1 s'")
    assert refused(one.exchanged(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("column", ["access_expires_at", "expires_at"])
def test_tokens_end(one: Assistant, mine: Tenant, column: str) -> None:
    """The one that opens within an hour; the one that takes its place when it was not used for a month."""
    given = one.given(token_for(mine))
    assert given["expires_in"] == 3600
    change(mine, f"UPDATE oauth_grants SET {column} = now() - interval '1 s'")
    assert one.status(given["access_token"]) == (401 if column == "access_expires_at" else 200)
    assert one.refreshed(given["refresh_token"]).status_code == (200 if column == "access_expires_at" else 400)


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_what_was_given_ends_with_its_token(one: Assistant, mine: Tenant, how: str) -> None:
    """At once, and a token of the same name brings nothing back."""
    name = f"oauth {how}"
    token = token_for(mine, name=name)
    code, given = one.code(token), one.given(token)
    if how == "revoked":
        with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
            tokens.revoke(connection, name)
        token_for(mine, name=name)
    else:
        change(mine, "UPDATE access_tokens SET expires_at = now() WHERE name = :name", name=name)
    assert one.status(given["access_token"]) == 401
    assert refused(one.exchanged(code)) == (400, "invalid_grant")
    assert refused(one.refreshed(given["refresh_token"])) == (400, "invalid_grant")
    assert "This token opens nothing" in one.answered(token=token, answer="allow").text


def test_of_another_tenant_nothing_is_had(one: Assistant, tenants: tuple[Tenant, Tenant]) -> None:
    """Whatever tenant is written into a secret: it is looked for among that tenant's."""
    mine, other = tenants
    given, code = one.given(token_for(mine, ADA)), one.code(token_for(mine, ADA))
    assert one.status(forged(given["access_token"], ACCESS, other.id)) == 401
    assert refused(one.refreshed(forged(given["refresh_token"], REFRESH, other.id))) == (400, "invalid_grant")
    assert refused(one.exchanged(forged(code, CODE, other.id))) == (400, "invalid_grant")
    for token in (given["refresh_token"], code, given["access_token"][:-1], given["access_token"] + "A"):
        assert one.status(token) == 401
    for token in (given["access_token"], code, "x", "tgr_é", given["refresh_token"][:-4]):
        assert refused(one.refreshed(token)) == (400, "invalid_grant")
    assert one.status(given["access_token"]) == 200


def forged(secret: str, prefix: str, tenant: UUID) -> str:
    """A secret with another tenant's id in it."""
    made = base64.urlsafe_b64decode(secret.removeprefix(prefix))
    return prefix + base64.urlsafe_b64encode(tenant.bytes + made[16:]).decode()


def test_secrets_are_kept_as_hashes_and_said_nowhere(
    one: Assistant, mine: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_for(mine, name="hashed")
    code = one.code(token)
    given = one.exchanged(code).json()
    one.exchanged(code)
    one.refreshed(given["refresh_token"])
    given = one.given(token)
    kept = " ".join(row[0] for row in pipeline.rows(mine.slug, "SELECT oauth_grants::text FROM oauth_grants"))
    assert kept
    ours = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    for secret in (token, code, given["access_token"], given["refresh_token"]):
        assert secret[4:] not in kept
        assert secret not in ours


def test_a_token_is_given_to_so_many_at_most(one: Assistant, opener: Opener, mine: Tenant) -> None:
    """The oldest goes."""
    token = token_for(mine)
    first = one.given(token)
    for _ in range(MOST - 1):
        assert grants.give(opener.database, token, one.id, BACK, one.asked["code_challenge"])
    assert one.status(first["access_token"]) == 200
    assert grants.give(opener.database, token, one.id, BACK, one.asked["code_challenge"])
    assert one.status(first["access_token"]) == 401


def test_a_person_sees_who_was_given_what(one: Assistant, mine: Tenant, tenants: tuple[Tenant, Tenant]) -> None:
    """Hosts, for names are what clients say; not what was only asked for, nor of another tenant."""
    token = token_for(mine, name="seen")
    one.code(token)
    assert "seen" not in holders(mine)
    one.given(token)
    one.given(token)
    assert holders(mine)["seen"] == ["assistant.example"]
    assert "seen" not in holders(tenants[1])


def holders(tenant: Tenant) -> dict[str, list[str]]:
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        return grants.holders(connection)


def test_what_ended_is_removed(one: Assistant, mine: Tenant) -> None:
    """Codes that nobody used, what was not refreshed, and what ended with its token."""
    change(mine, "DELETE FROM oauth_grants")
    given, _, ended = one.given(token_for(mine)), one.code(token_for(mine)), token_for(mine, name="over")
    one.given(ended)
    change(mine, "UPDATE access_tokens SET expires_at = now() WHERE name = 'over'")
    change(mine, "UPDATE oauth_grants SET expires_at = now() WHERE access_hash IS NULL")
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        assert grants.remove_ended(connection) == 2
        assert grants.remove_ended(connection) == 0
    assert one.status(given["access_token"]) == 200
