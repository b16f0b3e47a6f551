"""Receivers are told what was found: signed, at least once, by a stable id, and only where they may be."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from tests.pipeline.test_changes import said
from tests.saved.conftest import KEY, World, vaults
from tests.support import pipeline
from tests.support.receiver import Receiver, is_signed
from tg_assets import ids
from tg_assets.accounts.vault import NoKey, Vault
from tg_assets.cli import doctor, each_tenant, runtime
from tg_assets.errors import TgAssetsError, WrongSetting
from tg_assets.monitoring import gauges, webhook
from tg_assets.monitoring.webhook import post
from tg_assets.saved import addresses, questions, rounds, signing, telling
from tg_assets.saved.questions import Saved

NEW = said(3, "в подвале опять стучит насос")


@pytest.fixture
def hostile() -> Iterator[str]:
    """The address of somebody whose answer has no end, or at ``elsewhere`` leads to what is no name."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):
                if self.path == "/elsewhere":
                    self.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: https://xn--/\r\n\r\n")
                    return
                while not stop.wait(0.05):
                    self.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def listed(world: World) -> Saved:
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        (one,) = questions.saved(connection)
    return one


def test_a_receiver_is_told_once_it_answers(world: World, receiver: Receiver) -> None:
    """It fails twice; each message is signed with the question's own secret and has the same id."""
    saved = world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes += [500, 301]
    for told in (0, 0, 1, 0):
        assert world.rounds()["told"] == told
        assert listed(world).telling == ("fine" if told or len(receiver.heard) == 3 else "retrying")
        world.due_now()
    assert len(receiver.heard) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    key = base64.b64decode(saved.webhook_secret.removeprefix("whsec_"))
    assert all(is_signed(headers, body, key) for headers, body in receiver.heard)
    data = json.loads(receiver.heard[-1][1])
    assert (data["type"], data["data"]["id"]) == ("saved.matched", str(saved.id))
    (match,) = data["data"]["matches"]
    assert (match["text"], match["page"]) == ("в подвале опять стучит насос", f"/?m={world.post(3)}")
    world.come(said(4, "насос в подвале молчит"))
    assert world.rounds()["told"] == 1
    assert receiver.heard[-1][0]["webhook-id"] != receiver.heard[0][0]["webhook-id"]
    assert listed(world).waiting == 0


def test_a_message_whose_arrival_was_not_noted_is_sent_again(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who tells is killed once the receiver has it: the same message comes once more."""
    world.save(webhook=receiver.url)
    world.come(NEW)

    def dying(*given: Any) -> None:
        post(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(telling, "post", dying)
    with pytest.raises(KeyboardInterrupt):
        world.rounds()
    monkeypatch.undo()
    assert world.rounds()["told"] == 1
    first, second = (headers["webhook-id"] for headers, _ in receiver.heard)
    assert first == second


def test_what_comes_meanwhile_is_told_afterwards(world: World, receiver: Receiver) -> None:
    """A message that was begun tells the same until it arrives."""
    world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes.append(503)
    world.rounds()
    world.come(said(4, "насос в подвале молчит"))
    world.due_now()
    world.rounds()
    world.rounds()
    told = [[one["message"] for one in json.loads(body)["data"]["matches"]] for _, body in receiver.heard]
    assert told == [[str(world.post(3))], [str(world.post(3))], [str(world.post(4))]]


def test_a_receiver_is_given_up_and_tried_again_when_somebody_says_so(world: World, receiver: Receiver) -> None:
    saved = world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes += [500] * (len(telling.WAITS) + 1)
    for _ in range(len(telling.WAITS) + 1):
        world.rounds()
        world.due_now()
    assert (listed(world).telling, listed(world).waiting) == ("given_up", 1)
    assert given_up(world) == 1
    assert world.rounds()["told"] == 0
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        questions.try_again(connection, saved.id)
    assert world.rounds()["told"] == 1
    assert listed(world).telling == "fine"
    assert given_up(world) == 0


def given_up(world: World) -> float:
    """What the metrics count."""
    found = gauges.waiting(pipeline.postgres(), [ids.NO_TENANT, world.id], albums=False)
    return {name: value for name, _, value in found}["receivers_given_up"]


def test_doctor_names_receivers_that_were_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their questions' ids and hosts: neither an address, which may be a secret, nor what is asked."""
    monkeypatch.setattr(each_tenant, "tenants", lambda _: [world.slug])
    monkeypatch.setenv("TG_SESSION_KEY", KEY)
    runtime.settings.cache_clear()
    assert doctor.CHECKS["receivers"]() == "nobody is told by a webhook"
    saved = world.save(webhook="https://hooks.example.org/secret")
    assert doctor.CHECKS["receivers"]() == "1 receivers, none of them given up"
    pipeline.rows(world.slug, "UPDATE saved_questions SET gave_up_at = now() RETURNING 1")
    with pytest.raises(TgAssetsError, match=f"{world.slug}/laptop: {saved.id} .hooks.example.org, 0 wait.") as raised:
        doctor.CHECKS["receivers"]()
    assert "насос" not in str(raised.value)
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("TG_SESSION_KEY", Fernet.generate_key().decode())
    runtime.settings.cache_clear()
    with pytest.raises(WrongSetting, match="a key that is not here"):
        doctor.CHECKS["receivers"]()
    runtime.settings.cache_clear()


def test_who_has_to_wait_is_not_asked(world: World, receiver: Receiver) -> None:
    world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes.append(500)
    for _ in range(3):
        world.rounds()
    assert len(receiver.heard) == 1


def test_nothing_of_a_revoked_token_is_told(world: World, receiver: Receiver) -> None:
    world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes.append(500)
    world.rounds()
    world.revoke()
    assert world.rounds()["told"] == 0
    assert len(receiver.heard) == 1


def test_what_is_deleted_before_it_is_told_is_not(world: World, receiver: Receiver) -> None:
    world.save(webhook=receiver.url)
    world.come(NEW, said(4, "насос в подвале молчит"))
    receiver.codes.append(500)
    world.rounds()
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE messages SET deleted_at = now() WHERE id = :id"), {"id": world.post(3)})
    world.due_now()
    world.rounds()
    told = [len(json.loads(body)["data"]["matches"]) for _, body in receiver.heard]
    assert told == [2, 1]


def test_a_chat_that_the_token_sees_no_more_is_not_told(world: World, receiver: Receiver) -> None:
    """Owners and feeds are those of the moment of telling."""
    world.save(webhook=receiver.url)
    world.come(NEW)
    receiver.codes.append(500)
    world.rounds()
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE access_tokens SET feeds = '{}'"))
    world.due_now()
    assert world.rounds()["told"] == 1
    assert len(receiver.heard) == 1, "there was nothing left to tell"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x", "ftp://example.org", "https://", "https:///x", "x", "https://127.0.0.1/x",
        "https://localhost/x", "https://10.0.0.1", "https://[::1]/", "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest", "https://user:secret@example.org/", "https://example.org:0x/", "https://a b",
        "https://[64:ff9b::7f00:1]/", "https://224.0.0.1/", "https://intranet/x", "https://0.0.0.0/",
        "https://[64:ff9b:1::a00:1]/", "https://[::10.0.0.1]/", "https://[fec0::1]/", "https://[2002:a00:1::]/",
        "https://192.0.0.192/opc", "ftp://named.example.org:80/",
    ],
)  # fmt: skip
def test_a_receiver_is_at_an_address_of_everybody(url: str) -> None:
    with pytest.raises(TgAssetsError) as raised:
        addresses.check(url, ["named.example.org"])
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "192.168.1.1", "100.64.0.1"])
def test_a_name_that_leads_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """At the moment of telling, by the address that is then connected to."""
    found: list[Any] = [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (host, 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(TgAssetsError, match="private"):
        addresses.place_of("https://example.org/x", [])
    assert addresses.place_of("https://example.org/x", ["example.org"]) is None
    assert addresses.place_of("https://example.org/x", ["example.org:443"]) is None
    del found[1]
    assert addresses.place_of("https://example.org/x", []) == "93.184.216.34"


@pytest.mark.parametrize("path", ["", "elsewhere"])
def test_a_hostile_receiver_stops_nobody(hostile: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says something now and then, and never what it has, or that leads to an address that is none."""
    monkeypatch.setattr(webhook, "SECONDS", 1.0)
    assert (post(f"{hostile}{path}", "a-secret", "msg_1", b"{}") or "").startswith("cannot be reached")


def test_slow_receivers_of_one_tenant_make_no_other_wait(
    world: World, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tenants are told in turn, however many receivers each of them has."""
    other = World(pipeline.new_tenant(), tmp_path / "other")
    other.come(said(1, "насос в подвале чинил сторож"))
    other.token()
    whose = {str(each.save(webhook=receiver.url).id): each.slug for each in (world, other) for _ in range(2)}
    world.come(NEW)
    other.come(NEW)
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0)
    done = rounds.rounds(pipeline.postgres(), world.archive(), [world.id, other.id], ["127.0.0.1"], vaults, 2, 600)
    assert done["told"] == 4
    first, second, third, fourth = (whose[json.loads(body)["data"]["id"]] for _, body in receiver.heard)
    assert (first, second) == (third, fourth)
    assert first != second


def test_nothing_that_signs_or_opens_is_shown_by_mistake(world: World) -> None:
    made = world.save(webhook="https://hooks.example.org/x")
    assert not any(secret in repr(made) for secret in (made.key, made.webhook_secret))


SECRETS = "SELECT webhook_secret, webhook_sealed, saved_questions::text FROM saved_questions"


def test_what_signs_is_kept_encrypted(world: World) -> None:
    """The database alone signs nothing."""
    made = world.save(webhook="https://hooks.example.org/x")
    ((plain, sealed, row),) = pipeline.rows(world.slug, SECRETS)
    assert plain is None
    assert made.webhook_secret not in row
    assert signing.opened(bytes(sealed), vaults) == made.webhook_secret


@pytest.mark.parametrize("has_key", [True, False])
def test_what_stood_there_plain_still_signs(world: World, receiver: Receiver, has_key: bool) -> None:
    """Of before secrets were encrypted: it is from then on, where there is a key."""
    world.save(webhook=receiver.url)
    plain = signing.new()
    pipeline.rows(
        world.slug, "UPDATE saved_questions SET webhook_secret = :plain, webhook_sealed = NULL RETURNING 1", plain=plain
    )

    def none() -> Vault:
        raise NoKey("There is none.")

    given = vaults if has_key else none
    for number in (3, 4):
        world.come(said(number, f"в подвале опять стучит насос, запись {number}"))
        done = rounds.rounds(pipeline.postgres(), world.archive(), [world.id], ["127.0.0.1"], given, 0, 600)
        assert done["told"] == 1
    assert all(is_signed(*one, base64.b64decode(plain.removeprefix("whsec_"))) for one in receiver.heard)
    ((kept, sealed, _),) = pipeline.rows(world.slug, SECRETS)
    assert (kept is None, sealed is not None) == (has_key, has_key)


def test_without_its_key_nobody_is_told_unsigned(world: World, receiver: Receiver, caplog: Any) -> None:
    """The log says what to do, and with the key it is told."""
    world.save(webhook=receiver.url)
    world.come(NEW)
    other = Vault(Fernet.generate_key().decode())
    done = rounds.rounds(pipeline.postgres(), world.archive(), [world.id], ["127.0.0.1"], lambda: other, 0, 600)
    assert (done["not"], receiver.heard) == (1, [])
    assert "TG_SESSION_KEY" in caplog.text
    world.due_now()
    assert world.rounds()["told"] == 1


def test_who_may_not_be_told_is_not_saved(world: World) -> None:
    with pytest.raises(TgAssetsError, match="private"):
        world.save(webhook="https://10.0.0.1/x")


def named(host: str, directory: Path) -> tuple[Path, Path]:
    """A certificate of a host, signed by itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    made = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False).sign(key, hashes.SHA256())
    paths = directory / f"{host}.pem", directory / f"{host}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@pytest.mark.parametrize(("host", "why_not"), [("hooks.example.org", None), ("other.example.org", "cannot be reached")])
def test_a_place_is_asked_by_the_hosts_name(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, why_not: str | None
) -> None:
    """Who is connected to by its address has to show the certificate of the name, and hears it."""
    certificate, key = named(host, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = receiver.server.server_port
    said = post(f"https://hooks.example.org:{port}/x", "a-secret", "msg_1", b"{}", "127.0.0.1")
    assert (said is None) is (why_not is None)
    assert (said or "").startswith(why_not or "")
    assert [headers["host"] for headers, _ in receiver.heard] == ([f"hooks.example.org:{port}"] if said is None else [])
