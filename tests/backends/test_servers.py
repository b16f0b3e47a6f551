"""All four servers, for real: they answer, are reused, keep data when killed, and refuse strangers."""

import json
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import psutil
import psycopg2
import pytest
import redis
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.backends.clients import graph, postgres, qdrant
from tg_assets.backends import ServerStatus, State, down, status, up
from tg_assets.settings import Settings


def pids(settings: Settings) -> dict[str, int | None]:
    return {server.name: server.pid for server in status(settings)}


def test_everything_answers_under_its_variable(environment: dict[str, str]) -> None:
    for name in ("TG_POSTGRES_URL", "TG_POSTGRES_OWNER_URL", "TG_DAGSTER_POSTGRES_URL"):
        assert environment[name].startswith("postgresql+psycopg2://")
        assert postgres(environment[name], "SELECT 1") == [(1,)]
    with redis.Redis.from_url(environment["TG_REDIS_URL"]) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert graph(environment, "RETURN 1 AS one") == [{"one": 1}]
    with qdrant(environment) as client:
        assert client.info().title
        assert client.get_collections() is not None
    assert environment["TG_OBJECTS_URL"].startswith("file:///")


def test_up_again_reuses_every_server(environment: dict[str, str], settings: Settings) -> None:
    before, events = pids(settings), list[tuple[str, State]]()
    again = up(settings, lambda name, state: events.append((name, state)))
    assert pids(settings) == before
    assert {state for _, state in events} == {State.running}
    assert dict(again.environment) == environment
    assert all(server.port is not None and server.port < 32768 for server in again.servers)


def test_secrets_are_private_and_in_no_argument_list(environment: dict[str, str], settings: Settings) -> None:
    path = Path(settings.data_dir) / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    passwords = json.loads(path.read_text()).values()
    for pid in pids(settings).values():
        said = " ".join(psutil.Process(pid).cmdline())
        assert not any(password in said for password in passwords)
    for log in (Path(settings.data_dir) / "logs").iterdir():
        assert not any(password in log.read_text(errors="replace") for password in passwords)


def test_servers_listen_on_loopback_only(environment: dict[str, str], settings: Settings) -> None:
    for pid in pids(settings).values():
        listening = [c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} <= {"127.0.0.1", "::1"}


def test_the_application_role_has_no_power_and_owns_nothing(environment: dict[str, str]) -> None:
    rows = postgres(
        environment["TG_POSTGRES_URL"],
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    )
    assert rows == [(False, False, False, False)]
    owners = postgres(environment["TG_POSTGRES_URL"], "SELECT pg_get_userbyid(datdba) FROM pg_database")
    assert ("tg_app",) not in owners
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        postgres(environment["TG_POSTGRES_URL"], "CREATE TABLE public.mine (id int)")


def test_wrong_passwords_are_refused(environment: dict[str, str]) -> None:
    address = urlsplit(environment["TG_POSTGRES_URL"])
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host="127.0.0.1", port=address.port, user="tg_app", password="wrong", dbname="tg_assets")
    with (
        redis.Redis(port=urlsplit(environment["TG_REDIS_URL"]).port or 0, password="wrong") as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
    with (
        neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{urlsplit(environment['TG_NEO4J_URL']).port}", auth=("root", "wrong")
        ) as driver,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        driver.verify_connectivity()
    client = QdrantClient(url=environment["TG_QDRANT_URL"], check_compatibility=False)
    with pytest.raises(UnexpectedResponse, match="401"):
        client.get_collections()
    client.close()


def test_killed_servers_come_back_with_their_data(environment: dict[str, str], settings: Settings) -> None:
    """SIGKILL to all at once; the postmaster's lock file then names a foreign process."""
    owner = environment["TG_POSTGRES_OWNER_URL"]
    postgres(owner, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(environment["TG_REDIS_URL"]) as client:
        client.xadd("stream:kept", {"data": "{}"})
    graph(environment, "CREATE (:Kept {id: 7})")
    with qdrant(environment) as client:
        client.create_collection("kept", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
        client.upsert("kept", [models.PointStruct(id=7, vector=[1, 2], payload={"a": 1})])
    before = pids(settings)
    victims = [psutil.Process(pid) for pid in before.values()]
    for victim in victims:
        victim.kill()
    psutil.wait_procs(victims, timeout=10)
    lock = Path(settings.data_dir) / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    assert {server.state for server in status(settings)} == {State.stopped}
    assert dict(up(settings).environment) == environment
    assert not set(before.values()) & set(pids(settings).values())
    assert postgres(owner, "SELECT id FROM kept") == [(7,)]
    with redis.Redis.from_url(environment["TG_REDIS_URL"]) as client:
        assert client.xlen("stream:kept") == 1
    assert graph(environment, "MATCH (n:Kept) RETURN n.id AS id") == [{"id": 7}]
    with qdrant(environment) as client:
        assert client.retrieve("kept", [7])[0].payload == {"a": 1}
        client.delete_collection("kept")


def test_urls_that_up_printed_do_not_count_as_a_persons_own(
    environment: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert {server.state for server in status(Settings())} == {State.running}


def test_status_says_which_server_is_which(environment: dict[str, str], settings: Settings) -> None:
    found: dict[str, ServerStatus] = {server.name: server for server in status(settings)}
    assert found.keys() == {"postgres", "redis", "neo4j", "qdrant"}
    assert found["redis"].port == urlsplit(environment["TG_REDIS_URL"]).port


def test_servers_stop_while_somebody_is_connected(environment: dict[str, str], settings: Settings) -> None:
    """A client that keeps its connection open, as services do, keeps no server alive."""
    address = urlsplit(environment["TG_NEO4J_URL"])
    with neo4j.GraphDatabase.driver(
        f"bolt://{address.hostname}:{address.port}", auth=(address.username or "", address.password or "")
    ) as driver:
        driver.verify_connectivity()
        down(settings)
    assert {server.state for server in status(settings)} == {State.stopped}
    assert dict(up(settings).environment) == environment
