"""``doctor`` tells a wrong password from a server that is away, a bucket that is missing from an object that is."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest
from click.testing import CliRunner

from tests.support.s3 import bucket
from tg_assets import ids
from tg_assets.cli import cli, doctor, runtime
from tg_assets.cli.faults import explain
from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError
from tg_assets.graph import schema
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import Narrow, VectorIndex
from tg_assets.vision import objects
from tg_assets.vision.models import ModelFile

NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens

Ask = Callable[..., str]


@pytest.fixture
def ask(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What one of doctor's checks says when variables are different."""

    def one(check: str, **variables: str) -> str:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        runtime.settings.cache_clear()
        try:
            return doctor.CHECKS[check]()
        except Exception as error:  # noqa: BLE001 - as doctor itself does
            return explain(error)

    return one


def other(url: str, password: str = "wrong", address: str | None = None) -> str:
    """The URL with another password or address."""
    parts = urlsplit(url)
    place = address or f"{parts.hostname}:{parts.port}"
    return parts._replace(netloc=f"{parts.username or ''}:{password}@{place}").geturl()


@pytest.mark.parametrize(
    ("check", "variable"), [("PostgreSQL", "TG_POSTGRES_URL"), ("Redis", "TG_REDIS_URL"), ("graph", "TG_NEO4J_URL")]
)
def test_a_wrong_password_is_told_from_a_server_that_is_away(
    ask: Ask, servers: dict[str, str], check: str, variable: str
) -> None:
    refused = ask(check, **{variable: other(servers[variable])})
    away = ask(check, **{variable: other(servers[variable], address=NOWHERE)})
    assert "is there but" in refused
    assert "does not answer" in away
    for said in (refused, away):
        assert variable in said
        assert "wrong" not in said
        assert said.count("\n") == 0


def test_a_wrong_user_or_database_of_postgresql_is_told(ask: Ask, servers: dict[str, str]) -> None:
    url = urlsplit(servers["TG_POSTGRES_URL"])
    assert "is there but" in ask("PostgreSQL", TG_POSTGRES_URL=url._replace(path="/nothing").geturl())


def test_a_wrong_key_of_the_vector_server_is_told(ask: Ask) -> None:
    refused = ask("vectors", TG_QDRANT_API_KEY="wrong")
    assert "is there but" in refused
    assert "TG_QDRANT_API_KEY" in refused
    assert "does not answer" in ask("vectors", TG_QDRANT_URL=f"http://{NOWHERE}")


def test_a_question_to_the_vector_server_is_told_apart_the_same_way(servers: dict[str, str]) -> None:
    """A search speaks to it without the client."""

    def ask(url: str, key: str = servers["TG_QDRANT_API_KEY"]) -> object:
        with VectorIndex(url=url, api_key=key).tenant(ids.NO_TENANT) as index:
            return index.search({"dense": [0.0] * 512}, Narrow(), 1)

    right = servers["TG_QDRANT_URL"]
    assert ask(right) == ask(f"{right}/") == {"dense": []}
    with pytest.raises(ServerRefuses, match="TG_QDRANT_API_KEY"):
        ask(right, "wrong")
    with pytest.raises(ServerDown, match="does not answer"):
        ask(f"http://{NOWHERE}")
    for wrong in ("qdrant:6333", "http://host:port", "http://[::1", "", "ftp://host:1"):
        with pytest.raises(TgAssetsError, match="TG_QDRANT_URL is not usable"):
            ask(wrong)


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("http://host", "http://host:6333"), ("https://host", "https://host:6333"), ("http://host:80", "http://host:80"),
        ("http://[::1]:7", "http://[::1]:7"), ("http://host:7/below/", "http://host:7/below"),
    ],
)  # fmt: skip
def test_a_question_goes_where_the_client_goes(url: str, goes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def request(_: object, method: str, url: str, *, content: bytes | None, headers: dict[str, str]) -> httpx.Response:
        asked.append((method, url))
        assert headers == {"Content-Type": "application/json", "api-key": "k"}  # a Qdrant reads no other type
        if content is None:
            return httpx.Response(200, json={"result": {"aliases": []}})
        assert json.loads(content)["searches"][0]["filter"]["must"][0]["key"] == "tenant_id"
        return answers.pop()

    answers = [httpx.Response(200, text="<p>Hello"), httpx.Response(200, json=[]), httpx.Response(200, json={})]
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(httpx.Client, "request", request)
    while answers:
        with VectorIndex(url=url, api_key="k").tenant(ids.NO_TENANT) as index, pytest.raises(ServerDown):
            index.search({"dense": [0.0]}, Narrow(), 1)
    assert set(asked) == {("GET", f"{goes}/aliases"), ("POST", f"{goes}/collections/tg_assets/points/query/batch")}


def test_postgresql_without_the_right_to_temporary_tables_is_told(
    ask: Ask, servers: dict[str, str], installation: Path
) -> None:
    """With the statement that mends it."""
    password = json.loads((installation / "secrets.json").read_text())["postgres"]
    url = urlsplit(servers["TG_POSTGRES_URL"])
    with (
        psycopg2.connect(
            host=url.hostname, port=url.port, user="postgres", password=password, dbname="tg_assets"
        ) as link,
        link.cursor() as cursor,
    ):
        cursor.execute(
            "CREATE ROLE bare LOGIN PASSWORD 'bare' NOSUPERUSER; GRANT CONNECT ON DATABASE tg_assets TO bare"
        )
    place = f"bare:bare@{url.hostname}:{url.port}"
    said = ask("PostgreSQL", TG_POSTGRES_URL=url._replace(netloc=place).geturl())
    assert 'GRANT TEMPORARY ON DATABASE "tg_assets" TO "bare";' in said


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    """A server that speaks S3, with one bucket."""
    with pytest.MonkeyPatch.context() as patch, bucket("there") as variables:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def test_a_missing_bucket_is_no_missing_object(ask: Ask, s3: None) -> None:
    """Not for any method; an object that is missing from a bucket that is there is."""
    there, nowhere = ObjectStore(url="s3://there/p"), ObjectStore(url="s3://nowhere/p")
    assert not there.exists("k")
    assert there.get("k") is None
    there.delete("k")
    there.put("k", b"1")
    assert there.exists("k")
    for use in (nowhere.exists, nowhere.get, nowhere.delete, lambda key: nowhere.put(key, b"1")):
        with pytest.raises(TgAssetsError, match=r"no bucket 'nowhere'.*TG_OBJECTS_URL"):
            use("k")
    assert "no bucket 'nowhere'" in ask("objects", TG_OBJECTS_URL="s3://nowhere/p")
    assert "writes and reads" in ask("objects", TG_OBJECTS_URL="s3://there/p")


def test_a_store_that_forbids_or_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a server that answers 403 to everything, and by none."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Forbidding(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_DELETE = do_HEAD

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Forbidding)
    Thread(target=server.serve_forever, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(ServerRefuses, match="AWS_ACCESS_KEY_ID"):
        ObjectStore(url="s3://forbidden/p").exists("k")
    server.shutdown()
    server.server_close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{NOWHERE}")
    with pytest.raises(ServerDown, match="does not answer"):
        ObjectStore(url="s3://away/p").exists("k")
    with pytest.raises(TgAssetsError, match="TG_OBJECTS_URL"):
        ObjectStore(url="ftp://x/y").get("k")


def test_doctor_goes_on_and_fails_when_something_is_wrong(
    servers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever one check raises."""

    def broken() -> str:
        raise KeyError("what was being looked at")

    monkeypatch.setattr(doctor, "CHECKS", {"one": broken, "two": lambda: "fine"})
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert "fault of tg-assets (KeyError" in done.output
    assert "looked at" not in done.output
    assert "fine" in done.output


@pytest.mark.parametrize("key", ["t.a...b", "t..a", "t.", ".a", "t", "t.a.", "t.A", "t.a b", "t.a|b", f"t.{'a' * 300}"])
def test_a_bad_key_of_a_feed_is_refused(key: str) -> None:
    """Where keys are made and where they are taken."""
    from tg_assets.partitions import check_feed

    with pytest.raises(TgAssetsError, match="is not usable"):
        check_feed(key)
    for arguments in (["coverage", key], ["backfill", key, "2026-01-01..2026-01-02", "--dry-run"]):
        done = CliRunner().invoke(cli, arguments)
        assert isinstance(done.exception, TgAssetsError)


def test_keys_of_the_graph_that_are_not_unique_are_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """None at all is an empty graph; some of them is a graph that would double what lacks one."""
    store = runtime.neo4j()
    store.create_schema(schema.CONSTRAINTS)
    assert store.unique_keys() >= schema.UNIQUE
    assert f"all {len(schema.UNIQUE)} keys are unique" in ask("graph")
    left = {one for one in schema.UNIQUE if one[0] not in ("Tag", "Post")}
    monkeypatch.setattr(GraphStore, "unique_keys", lambda _: left)
    assert ask("graph").startswith("Nodes of Post, Tag have no unique key")
    monkeypatch.setattr(GraphStore, "unique_keys", lambda _: set())
    assert "no constraint yet" in ask("graph")


def test_a_model_file_of_another_content_is_told(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not used, as if it were not there; but whoever installed it is told why."""
    for name, content in (("good_model", b"weights"), ("other_model", b"weight")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    expected = sha256(b"weights").hexdigest()
    good, other, gone = (ModelFile(one, "model.bin", expected) for one in ("good_model", "other_model", "no_model"))
    assert (good.path(), other.path(), gone.path()) == (tmp_path / "good_model" / "model.bin", None, None)
    assert [one.is_another for one in (good, other, gone)] == [False, True, False]
    assert "5 of 5 model files" in ask("pictures")
    monkeypatch.setattr(objects, "GRAPH", other)
    assert ask("pictures").startswith("other_model/model.bin: not the model")
