"""Questions are saved by whoever has a token; their feeds are read with it or with a key of their own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree as Xml

import httpx
import pytest
from sqlalchemy import text

from tests.answers.conftest import ADA, GARDEN, Tenant
from tests.doors.conftest import Doors, token_for
from tests.support import pipeline
from tg_assets import tenant_secrets
from tg_assets.doors import tokens
from tg_assets.saved import atom
from tg_assets.saved.asked import SavedSearch
from tg_assets.saved.matches import Match, Question

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def client(doors: Doors, mine: Tenant) -> Iterator[httpx.Client]:
    with doors.knock(token_for(mine, ADA)) as client:
        yield client


def found(mine: Tenant, saved: str, *keys: UUID) -> None:
    """As if these had been found."""
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        for key in keys:
            connection.execute(
                text("""INSERT INTO saved_matches (tenant_id, saved_id, key, found_at, seen_at)
                        VALUES (current_tenant(), :saved, :key, now(), now())"""),
                {"saved": saved, "key": key},
            )


def save(client: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/saved", json={"search": {"q": "генератор на маяке"}, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_search_is_saved_listed_and_removed(client: httpx.Client, mine: Tenant) -> None:
    """With what it is narrowed to; the key of its feed is told once."""
    narrow = {"q": "генератор", "feeds": [mine.feed("sad")], "kind": "post", "since": "2023-05-01T00:00:00Z"}
    made = client.post("/api/v1/saved", json={"search": narrow, "name": "Свет"}).json()
    (one,) = client.get("/api/v1/saved").json()
    assert (one["id"], one["name"], one["kind"]) == (made["id"], "Свет", "search")
    assert {name: one["asked"][name] for name in narrow} == narrow
    assert (one["matches"], one["newest"], one["webhook"], one["telling"]) == (0, None, None, None)
    assert made["key"] not in str(one)
    assert made["webhook_secret"] is None
    assert client.get(f"/api/v1/saved/{made['id']}/matches").json() == []
    assert client.delete(f"/api/v1/saved/{made['id']}").status_code == 204
    assert client.get("/api/v1/saved").json() == []
    assert client.delete(f"/api/v1/saved/{made['id']}").status_code == 404


def test_what_nobody_sees_in_a_question_is_not_in_its_name(client: httpx.Client) -> None:
    """A soft hyphen that was pasted, a joiner inside an emoji: it is saved as it is asked, and needs no other name."""
    words = "гене\u00adратор 👨\u200d👩\u200d👧 на\nмаяке"
    assert client.post("/api/v1/saved", json={"search": {"q": words}}).status_code == 201
    (one,) = client.get("/api/v1/saved").json()
    assert (one["name"], one["asked"]["q"]) == ("генератор 👨👩👧 на маяке", words)


def test_a_question_to_the_graph_is_saved(client: httpx.Client) -> None:
    wanted = {"question": {"question": "activity", "parameters": {"person": "Вера"}}}
    assert client.post("/api/v1/saved", json=wanted).status_code == 201
    (one,) = client.get("/api/v1/saved").json()
    assert (one["kind"], one["name"], one["matches"]) == ("graph", "activity Вера", 0)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({}, 422),
        ({"search": {"q": "x"}, "question": {"question": "topics"}}, 422),
        ({"search": {"q": "?!"}}, 400),
        ({"search": {"q": "a\0b"}}, 422),
        ({"search": {"q": "x", "kind": "conversation"}}, 422),
        ({"search": {"q": "x", "owners": [1]}}, 422),
        ({"search": {"q": "x", "since": "0001-01-01"}}, 422),
        ({"question": {"question": "why"}}, 400),
        ({"question": {"question": "topics", "parameters": {"owner": "900"}}}, 400),
        ({"search": {"q": "x"}, "name": "\u202e"}, 400),
        ({"search": {"q": "генератор"}, "webhook": "http://example.org/"}, 400),
        ({"search": {"q": "генератор"}, "webhook": "https://127.0.0.1/x"}, 400),
        ({"search": {"q": "генератор"}, "webhook": "https://[::1]/x"}, 400),
    ],
)
def test_what_cannot_be_saved_is_said(client: httpx.Client, wanted: dict[str, Any], status: int) -> None:
    answer = client.post("/api/v1/saved", json=wanted)
    assert answer.status_code == status, answer.text
    assert len(answer.json()["error"]["message"]) > 10
    assert client.get("/api/v1/saved").json() == []


def test_what_signs_is_told_once(client: httpx.Client) -> None:
    made = save(client, webhook="https://hooks.example.org/very-secret-path")
    assert made["webhook_secret"].startswith("whsec_")
    (one,) = client.get("/api/v1/saved").json()
    assert (one["webhook"], one["telling"], one["waiting"]) == ("hooks.example.org", "fine", 0)
    assert not any(secret in str(one) for secret in ("very-secret-path", made["webhook_secret"]))
    assert client.post(f"/api/v1/saved/{made['id']}/retry").status_code == 204


def of(feed: Xml.Element) -> str | None:
    """The address that a feed says it is asked at."""
    return next(one.get("href") for one in feed.findall(f"{ATOM}link") if one.get("rel") == "self")


def test_a_feed_is_atom(client: httpx.Client, doors: Doors, mine: Tenant) -> None:
    """By the key in its address, as readers have it: ids and times stay, links lead to Telegram and to the page.

    Its own link is the address that was asked: with the key for who asked by it, and for nobody else.
    """
    made = save(client)
    found(mine, made["id"], mine.post(GARDEN, 5), mine.post(GARDEN, 11))
    with doors.knock() as reader:
        answer = reader.get(made["atom"])
        assert answer.headers["content-type"] == "application/atom+xml"
        root = Xml.fromstring(answer.content)
        assert root.tag == f"{ATOM}feed"
        assert root.findtext(f"{ATOM}id") == f"urn:uuid:{made['id']}"
        assert root.findtext(f"{ATOM}title") == "генератор на маяке"
        assert root.find(f"{ATOM}author/{ATOM}name") is not None
        last, first = root.findall(f"{ATOM}entry")
        assert "генератор на маяке" in (first.findtext(f"{ATOM}content") or "")
        assert datetime.fromisoformat(first.findtext(f"{ATOM}updated") or "").tzinfo is not None
        assert first.findtext(f"{ATOM}published") == "2023-05-01T12:00:00Z"
        links = {one.get("rel"): one.get("href") for one in first.findall(f"{ATOM}link")}
        assert links["related"] == f"{doors.address}/?m={mine.post(GARDEN, 5)}"
        assert (links["alternate"] or "").startswith("https://t.me/")
        assert first.findtext(f"{ATOM}id") != last.findtext(f"{ATOM}id")
        assert of(root) == made["atom"]
        assert reader.get(made["atom"]).content == answer.content
        again = reader.get(made["atom"], headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        found(mine, made["id"], mine.post(GARDEN, 7))
        assert reader.get(made["atom"], headers={"if-none-match": answer.headers["etag"]}).status_code == 200
    bare = f"/api/v1/saved/{made['id']}/atom"
    asked_by_token = client.get(bare)
    assert of(Xml.fromstring(asked_by_token.content)) == doors.address + bare
    assert made["key"] not in asked_by_token.text
    told = client.get(f"/api/v1/saved/{made['id']}/matches").json()
    assert [one["key"] for one in told] == [str(mine.post(GARDEN, number)) for number in (7, 11, 5)]


def test_addresses_of_a_feed_are_those_of_the_proxy_before_it(client: httpx.Client, doors: Doors) -> None:
    """Where a proxy says that it speaks TLS, no address with a key leads past it."""
    tls = {"x-forwarded-proto": "https"}
    made = client.post("/api/v1/saved", json={"search": {"q": "генератор"}}, headers=tls).json()
    assert made["atom"].startswith(doors.address.replace("http://", "https://"))
    path = made["atom"].split("/", 3)[3]
    with doors.knock() as reader:
        links = Xml.fromstring(reader.get(f"/{path}", headers=tls).content).findall(f"{ATOM}link")
    assert all((one.get("href") or "").startswith("https://") for one in links)


def test_a_key_opens_its_feed_and_nothing_else(client: httpx.Client, doors: Doors, mine: Tenant) -> None:
    """Not another feed, no other call, not after another key was made, not after the token was revoked."""
    made, other = save(client), save(client)
    with doors.knock() as reader:
        assert reader.get(made["atom"]).status_code == 200
        for path in (f"saved/{other['id']}/atom", f"saved/{made['id']}/matches", "saved", "me", "search?q=генератор"):
            answer = reader.get(f"/api/v1/{path}", params={"key": made["key"], "q": "x"})
            assert answer.status_code == 401, path
        assert reader.delete(f"/api/v1/saved/{made['id']}", params={"key": made["key"]}).status_code == 401
        renewed = client.post(f"/api/v1/saved/{made['id']}/key").json()
        assert reader.get(made["atom"]).status_code == 401
        assert reader.get(renewed["atom"]).status_code == 200


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_a_key_ends_with_its_token(doors: Doors, mine: Tenant, how: str) -> None:
    name = f"reader {how}"
    with doors.knock(token_for(mine, name=name)) as client, doors.knock() as reader:
        made = save(client)
        assert reader.get(made["atom"]).status_code == 200
        with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
            if how == "revoked":
                tokens.revoke(connection, name)
            else:
                sql = "UPDATE access_tokens SET expires_at = now() - interval '1 s' WHERE name = :name"
                connection.execute(text(sql), {"name": name})
        assert reader.get(made["atom"]).status_code == 401
        assert client.get("/api/v1/saved").status_code == 401


def test_a_key_with_another_tenants_id_opens_nothing(
    client: httpx.Client, doors: Doors, tenants: tuple[Tenant, Tenant]
) -> None:
    made, (_, other) = save(client), tenants
    foreign = tenant_secrets.new("tgs_", other.id)
    with doors.knock() as reader:
        for key in (foreign[:26] + made["key"][26:], foreign, made["key"][:-1], "tgs_", "x"):
            assert reader.get(f"/api/v1/saved/{made['id']}/atom", params={"key": key}).status_code == 401


def test_what_is_not_seen_any_more_is_in_no_feed(client: httpx.Client, mine: Tenant) -> None:
    """A match of somebody else's chat, and one that does not exist."""
    from tests.answers.conftest import EVA

    made = save(client)
    found(mine, made["id"], mine.secret_post(EVA), mine.secret_post(ADA), uuid4())
    told = client.get(f"/api/v1/saved/{made['id']}/matches").json()
    assert [one["key"] for one in told] == [str(mine.secret_post(ADA))]
    answer = client.get(f"/api/v1/saved/{made['id']}/atom").text
    assert mine.secrets[ADA] in answer
    assert mine.secrets[EVA] not in answer


def test_another_sites_page_saves_nothing(doors: Doors, mine: Tenant) -> None:
    with doors.knock(token_for(mine), origin="https://evil.example") as client:
        assert client.post("/api/v1/saved", json={"search": {"q": "генератор"}}).status_code == 403


@pytest.mark.parametrize(
    "hostile",
    ["a\0b\x08c\x1b[31m", "]]><script>alert(1)</script>&amp;<!--", "\ufffe\uffff\ud800", "‮gnp.exe", "x" * 100_000, ""],
)
def test_hostile_text_is_text(mine: Tenant, hostile: str) -> None:
    """Whatever it holds the document is XML, and it is text in it."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    match = Match(uuid4(), now, "post", uuid4(), now, hostile or "f", hostile, hostile, hostile, None)
    one = Question(uuid4(), hostile, SavedSearch(q="x"), now, mine.archive())
    root = Xml.fromstring(atom.feed(one, [match], "http://x/", "http://x/atom"))
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.find(f".//{ATOM}script") is None
    assert len(entry.findtext(f"{ATOM}content") or "") <= atom.TEXT
    assert all(one.text or one.attrib or len(one) for one in entry.iter() if one.tag != f"{ATOM}content")
    assert "\u202e" not in Xml.tostring(root, encoding="unicode")
