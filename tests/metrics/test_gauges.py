"""What silence may mean: gaps, chats that are quieter than usual, accounts that wait, tokens, certificates."""

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from tests.support import pipeline
from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.monitoring import certificates, gauges
from tg_assets.registry.channels import register_tenant
from tg_assets.remote.budget import Budget
from tg_assets.remote.config import Models

CHAT = 510003333


def values(found: Iterable[gauges.Gauge]) -> dict[str, float]:
    """By name; these have no labels."""
    return {name: value for name, _, value in found}


def write(tenant: str, sql: str, **parameters: Any) -> None:
    """Change rows of a tenant."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.execute(text(sql), parameters)


def chat(tenant: str, path: Path, pauses: list[float], silent: float) -> None:
    """Import a channel with these pauses between its messages, in hours, that has been silent for so long since."""
    moments = [datetime.now(UTC) - timedelta(hours=silent)]
    for pause in reversed(pauses):
        moments.append(moments[-1] - timedelta(hours=pause))
    messages = [
        {
            "id": place + 1, "type": "message", "date": f"{moment:%Y-%m-%dT%H:%M:%S}",
            "date_unixtime": str(int(moment.timestamp())), "from": "Mast", "from_id": f"channel{CHAT}", "text": "Wind",
        }
        for place, moment in enumerate(reversed(moments))
    ]  # fmt: skip
    export = {"name": "Mast", "type": "public_channel", "id": CHAT, "messages": messages}
    pipeline.import_path(pipeline.write_export(path, export), tenant)


def come_live(tenant: str) -> None:
    """Say of every chat that its messages come live from the first on."""
    write(tenant, "UPDATE coverage SET live_from = 1")


def of_telegram(tenant: str) -> dict[str, float]:
    return values(gauges.of_telegram(pipeline.postgres(), [ids.tenant_id(tenant)]))


@pytest.mark.parametrize(
    ("pauses", "silent", "quiet"),
    [
        ([1.0] * 12, 1.4, 0), ([1.0] * 12, 1.6, 1), ([*[1.0] * 11, 10.0], 14.0, 0), ([*[1.0] * 11, 10.0], 16.0, 1),
        ([0.1] * 12, 0.9, 0), ([0.1] * 12, 1.1, 1), ([1.0] * 8, 50.0, 0), ([1.0] * 12, 24 * 29.0, 0),
    ],
)  # fmt: skip
def test_a_chat_is_quiet_by_its_own_rhythm(
    tenant: str, tmp_path: Path, pauses: list[float], silent: float, quiet: int
) -> None:
    """Silent for longer than one and a half times its longest pause, and for an hour; with too few pauses it has no
    rhythm, and after four weeks none any more."""
    chat(tenant, tmp_path, pauses, silent)
    assert of_telegram(tenant)["quiet_chats"] == 0  # nothing of it came live, and nobody reads it
    come_live(tenant)
    assert of_telegram(tenant)["quiet_chats"] == quiet


def test_a_gap_on_the_live_path_is_counted(tenant: str, tmp_path: Path) -> None:
    chat(tenant, tmp_path, [1.0] * 12, 1.0)
    come_live(tenant)
    assert of_telegram(tenant)["live_holes"] == 0
    write(tenant, "UPDATE coverage SET stored = stored - CAST('{[5,7)}' AS int8multirange)")
    write(tenant, "UPDATE telegram_messages SET received_at = now() - interval '1 hour'")
    assert of_telegram(tenant)["live_holes"] == 1


def test_accounts_that_wait_or_stopped_and_sessions_that_rest(tenant: str) -> None:
    assert set(of_telegram(tenant).values()) == {0}
    own = ids.tenant_id(tenant)
    with pipeline.postgres().tenant(own) as session, session.transaction() as connection:
        register_tenant(connection, tenant)
        for number in (7, 8):
            store.keep_account(connection, own, number, None, None)
            store.keep_session(connection, store.account_id(own, number), b"secret")
    write(tenant, "UPDATE accounts SET flood_until = now() + interval '500 s' WHERE telegram_id = 7")
    write(tenant, "UPDATE accounts SET is_active = false, flood_until = now() + interval '900 s' WHERE telegram_id = 8")
    write(tenant, "UPDATE account_sessions SET last_used_at = now() - interval '100 days'")
    found = of_telegram(tenant)
    assert 400 < found["flood_wait_seconds"] <= 500
    assert found["accounts_stopped"] == 1
    assert found["session_unused_seconds"] == pytest.approx(100 * 86_400, abs=600)


def test_the_least_that_is_left_of_tokens(tenant: str) -> None:
    model = {"kind": "openai", "model": "m", "url": "http://127.0.0.1:9/v1", "daily_tokens": 1000}
    models = Models.model_validate({"default": {"vision": model, "tags": {**model, "model": "other"}}})
    own, database = ids.tenant_id(tenant), pipeline.postgres()

    def left(models: Models) -> float:
        return values(gauges.budgets(database, {tenant: own}, models))["token_budget_left_ratio"]

    assert left(models) == 1
    purse = Budget(database, own, "openai", "m", 1000)
    purse.settle(purse.reserve(800), tokens=600, calls=1, seconds=1)
    purse.reserve(150)
    Budget(database, own, "openai", "other", 1000).reserve(100)
    assert left(models) == pytest.approx(0.25)
    assert left(Models()) == 1  # nobody limits it


def made(days: float, folder: Path) -> ssl.SSLContext:
    """What a server with a certificate for so many days shows."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "pair.pem").write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    return context


@contextmanager
def serving(context: ssl.SSLContext, is_postgres: bool = False, refuses: bool = False) -> Iterator[str]:
    """Host and port of a server that shows its certificate once, before it PostgreSQL's answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            with plain:
                if is_postgres:
                    assert plain.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
                    plain.sendall(b"N" if refuses else b"S")
                if not refuses:
                    with context.wrap_socket(plain, server_side=True) as encrypted:
                        encrypted.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("days", [20.0, -3.0])
@pytest.mark.parametrize("scheme", ["rediss", "https", "bolt+s", "neo4j+ssc", "postgresql+psycopg2"])
def test_a_certificate_is_seen_also_when_it_has_ended(days: float, scheme: str, tmp_path: Path) -> None:
    is_postgres = scheme.startswith("postgresql")
    with serving(made(days, tmp_path), is_postgres) as place:
        url = f"{scheme}://user:secret@{place}/0{'?sslmode=require' if is_postgres else ''}"
        ((name, labels, left),) = certificates.certificates({"redis": url})
    assert (name, labels) == ("certificate_left_seconds", {"target": "redis"})
    assert left == pytest.approx(days * 86_400, abs=600)


def test_a_port_that_is_not_named_is_the_servers_usual_one(tmp_path: Path) -> None:
    with serving(made(5, tmp_path)) as place:
        host, port = place.split(":")
        found = list(certificates.certificates({"qdrant": f"https://{host}"}, {"qdrant": int(port)}))
    assert [labels["target"] for _, labels, _ in found] == ["qdrant"]


def test_who_shows_none_has_no_value(tmp_path: Path) -> None:
    plain = {
        "redis": "redis://host:1/0", "qdrant": "http://host", "neo4j": "bolt://host", "postgres": "postgresql://host/db",
        "dagster": "postgresql:///db?sslmode=require",
    }  # fmt: skip
    assert list(certificates.certificates(plain)) == []
    with serving(made(1, tmp_path), is_postgres=True, refuses=True) as place:
        assert list(certificates.certificates({"postgres": f"postgresql://{place}/db?sslmode=require"})) == []
    assert list(certificates.certificates({"redis": "rediss://127.0.0.1:9"})) == []
