"""The API gives what the library gives, to whoever has a token, and says in a sentence why not."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.answers.conftest import ADA, GARDEN, Tenant
from tests.doors.conftest import DAGSTER, Doors, token_for
from tg_assets.answers import ranked
from tg_assets.answers.message import message
from tg_assets.answers.plain import as_json
from tg_assets.answers.search import search
from tg_assets.answers.threads import thread
from tg_assets.index.conditions import Question, understand


@pytest.fixture(scope="module")
def get(doors: Doors, mine: Tenant) -> Any:
    with doors.knock(token_for(mine, ADA)) as client:
        yield lambda path, **values: client.get(f"/api/v1/{path}", params=values)


def test_search_is_the_librarys(get: Any, mine: Tenant) -> None:
    found = get("search", q="генератор на маяке", near=1, limit=3)
    assert found.status_code == 200
    assert found.json() == as_json(search(mine.archive(ADA), "генератор на маяке", near=1, limit=3))


def test_a_cursor_leads_on(get: Any) -> None:
    first = get("search", q="паром", limit=1).json()
    second = get("search", q="паром", limit=1, cursor=first["cursor"]).json()
    assert first["results"][0]["id"] != second["results"][0]["id"]
    assert get("search", q="порт", limit=1, cursor=first["cursor"]).json()["error"]["code"] == "cursor"


def test_a_message_by_its_id_and_by_its_link(get: Any, mine: Tenant) -> None:
    post = mine.post(GARDEN, 5)
    whole = as_json(message(mine.archive(ADA), post))
    assert get(f"messages/{post}").json() == whole
    assert get(f"messages/{whole['message']['chat_id']}/5").json() == whole
    assert get(f"messages/{GARDEN}/5").json() == whole  # the bare id, as links have it
    assert get(f"messages/https:%2F%2Ft.me%2Fc%2F{GARDEN}%2F5%3Fsingle").json() == whole
    assert get("messages/" + whole["message"]["link"].replace("/", "%2F")).json() == whole


def test_what_is_around_it(get: Any, mine: Tenant) -> None:
    post = mine.post(GARDEN, 5)
    assert get(f"messages/{post}/thread").json() == as_json(thread(mine.archive(ADA), post))
    assert len(get(f"messages/{post}/around", before=1, after=1).json()["before"]) == 1
    assert len(get(f"messages/{mine.post(GARDEN, 1)}/album").json()["items"]) == 3
    assert get(f"messages/{post}/similar").json()


def test_evidence_leads_to_dagsters_runs(get: Any, mine: Tenant) -> None:
    told = get(f"lineage/{mine.post(GARDEN, 5)}").json()
    assert len(told["versions"]) == 2
    assert {"posts", "tags", "qdrant_points", "neo4j_nodes"} <= {one["stage"] for one in told["lineage"]}
    assert told["runs"] == {
        one["run_id"]: f"{DAGSTER}/runs/{one['run_id']}" for one in told["lineage"] if one["run_id"]
    }


def test_an_albums_pictures_come_with_it(get: Any) -> None:
    (album,) = get("search", q="три цвета", kind="album").json()["results"]
    assert [one["kind"] for one in album["media"]] == ["photo"] * 3
    shown = get(f"pictures/{album['media'][0]['sha256']}", size=32)
    assert (shown.headers["content-type"], shown.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")


def test_questions_have_names(get: Any) -> None:
    names = [one["name"] for one in get("questions").json()]
    assert len(names) >= 15
    answered = get("questions/most-forwarded", limit=5).json()
    assert answered["rows"]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("search", {"q": "паром", "feeds": "x"}), ("context", {"q": "паром", "tags": "x"}), ("messages", {"limi": 3}),
        ("feeds", {"feed": "x"}), ("me", {"x": 1}), ("questions/most-forwarded", {"limi": 3}),
        ("questions", {"limit": 3}),
        ("digest", {"form": "markdown", "feeds": "x"}), ("suggest", {"q": "пар", "feeds": "x"}),
    ],
)  # fmt: skip
def test_a_parameter_that_there_is_not_is_refused(get: Any, path: str, values: dict[str, Any]) -> None:
    """Mistyped it would narrow nothing, and nobody would see."""
    refused = get(path, **values)
    assert refused.status_code == 400
    assert repr(list(values)[-1]) in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("search", {"q": "паром"}),
        ("context", {"q": "паром"}),
        ("suggest", {"q": "пар"}),
        ("messages", {}),
        ("digest", {}),
    ],
)
def test_a_feed_that_is_not_shown_is_named(get: Any, mine: Tenant, path: str, values: dict[str, Any]) -> None:
    """It is not as if nothing were found there."""
    assert get(path, **values, feed=[mine.feed("sad"), mine.feed("port")]).status_code == 200
    refused = get(path, **values, feed=[mine.feed("sad"), mine.feed("saad")])
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert mine.feed("saad") in error["message"]
    assert error["hint"] == "/api/v1/feeds lists them."


def test_feeds_coverage_statistics(get: Any, mine: Tenant) -> None:
    feeds = [one["feed"] for one in get("feeds").json()]
    assert mine.feed("sad") in feeds
    assert get("coverage", feed=mine.feed("sad")).json()[0]["feed"] == mine.feed("sad")
    assert get(f"feeds/{mine.feed('sad')}/statistics").status_code == 200
    assert get("messages", limit=2).json()["cursor"]


@pytest.mark.parametrize("path", ["search", "context"])
def test_yesterday_is_that_of_whoever_asks(get: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The day of a zone that is told, else that of UTC; a cursor goes on in the same."""
    asked = list[datetime]()

    def understood(query: str, now: datetime) -> Question:
        asked.append(now)
        return understand(query, now)

    monkeypatch.setattr(ranked, "understand", understood)
    for zone, offset in (("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12), (None, 0)):
        assert get(path, q="паром вчера", **({"zone": zone} if zone else {})).status_code == 200
        assert asked.pop().utcoffset() == timedelta(hours=offset)
    if path == "search":
        first, last = (get(path, q="паром вчера", zone=zone).json() for zone in ("Pacific/Kiritimati", "Etc/GMT+12"))
        assert first["understood"] > last["understood"]
        page = get(path, q="паром вчера", zone="Asia/Tokyo", limit=1).json()
        assert get(path, q="паром вчера", zone="Asia/Tokyo", limit=1, cursor=page["cursor"]).status_code == 200
        assert get(path, q="паром вчера", limit=1, cursor=page["cursor"]).json()["error"]["code"] == "cursor"


@pytest.mark.parametrize(
    ("path", "values", "status", "code"),
    [
        ("search", {}, 422, "bad_request"),
        ("search", {"q": "?!"}, 400, "bad_request"),
        ("search", {"q": "паром", "kind": "poem"}, 422, "bad_request"),
        ("search", {"q": "паром", "limit": 100_000}, 422, "bad_request"),
        ("search", {"q": "паром", "cursor": "x"}, 400, "cursor"),
        ("search", {"q": "паром", "since": "yesterday"}, 422, "bad_request"),
        ("search", {"q": "паром", "zone": "Moon/Base"}, 400, "bad_request"),
        ("search", {"q": "паром", "zone": "../../etc/passwd"}, 400, "bad_request"),
        ("context", {"q": "паром", "zone": ""}, 400, "bad_request"),
        ("messages/00000000-0000-0000-0000-000000000000", {}, 404, "not_there"),
        ("messages/none", {}, 400, "bad_request"),
        ("questions/why", {}, 400, "bad_request"),
        ("questions/activity", {"person": "nobody at all"}, 400, "bad_request"),
        ("pictures/" + "0" * 64, {}, 404, "not_there"),
        ("voices/" + "0" * 64, {}, 404, "not_there"),
        ("poems", {}, 404, "http"),
        ("messages", {"since": "0001-01-01T00:00:00+14:00"}, 422, "bad_request"),
        ("messages", {"until": "9999-12-31T23:59:59-14:00"}, 422, "bad_request"),
        ("search", {"q": "паром", "since": "0001-01-01"}, 422, "bad_request"),
        ("digest", {"until": "0001-01-02"}, 422, "bad_request"),
        ("digest", {"since": "2000-01-01", "until": "2190-01-01"}, 400, "bad_request"),
        ("questions/topics", {"since": "0001-01-01T00:00:00+14:00"}, 400, "bad_request"),
        ("questions/activity", {"person": "x", "limit": "9" * 5000}, 400, "bad_request"),
        ("questions/activity", {"person": "9" * 19}, 400, "bad_request"),
        ("questions/topics", {"chat": "t.me/c/" + "9" * 5000}, 400, "bad_request"),
        ("questions/first-source", {"post": "a/" + "9" * 5000}, 400, "bad_request"),
        ("questions/activity", {"person": "\0"}, 400, "bad_request"),
        ("messages", {"feed": "\0"}, 400, "bad_request"),
        ("feeds/%00/statistics", {}, 400, "bad_request"),
    ],
)
def test_what_cannot_be_is_said(get: Any, path: str, values: dict[str, Any], status: int, code: str) -> None:
    """A sentence and a code, and nothing of what was sent."""
    answer = get(path, **values)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert len(answer.json()["error"]["message"]) > 10


def test_judgements_are_kept(get: Any, doors: Doors, mine: Tenant) -> None:
    """The last word counts; of what may not be seen nothing is kept."""
    from tests.support import pipeline

    token = token_for(mine, name="judge")
    with doors.knock(token) as client:
        said = {"question": "генератор", "result": str(mine.post(GARDEN, 5)), "is_it": True}
        assert client.post("/api/v1/judgements", json=said).status_code == 204
        assert client.post("/api/v1/judgements", json={**said, "is_it": False}).status_code == 204
        assert client.post("/api/v1/judgements", json={**said, "question": "a\0b"}).status_code == 422
        long = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))  # three bytes each
        assert client.post("/api/v1/judgements", json={**said, "question": long}).status_code == 204
        hidden = {**said, "result": str(mine.secret_post(ADA))}
        assert client.post("/api/v1/judgements", json=hidden).status_code == 404
    kept = "SELECT question, is_it FROM judgements WHERE token = 'judge' AND length(question) < 100"
    assert pipeline.rows(mine.slug, kept) == [("генератор", False)]
