"""No route shows anything but what the token's archive may see, whatever it is asked.

Every route has a case here, or the walk fails; cases ask with ids, links, feeds and cursors of whoever is spied on.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from tests.answers.conftest import ADA, EVA, Tenant
from tests.answers.test_tenancy import QUESTION, Spied, lurkers
from tests.doors.conftest import Doors, token_for
from tests.doors.test_guards import CLOSED
from tests.support import pipeline
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.saved import questions
from tg_assets.saved.asked import SavedSearch

Asked = tuple[str, str, dict[str, Any]]


def everywhere(path: str) -> Callable[[Spied], list[Asked]]:
    """A path that names a message, by each of its names."""
    return lambda spied: [
        ("GET", path.format(named=quote(str(name), safe="")), {}) for name in (spied.post, spied.number)
    ]


def asked(path: str, **values: Any) -> Callable[[Spied], list[Asked]]:
    return lambda _: [("GET", path, values)]


def of_feed(path: str, **values: Any) -> Callable[[Spied], list[Asked]]:
    return lambda spied: [
        ("GET", path.format(feed=spied.feed), {**values, "feed": spied.feed}),
        ("GET", path.format(feed=spied.feed), values),
    ]


def judging(spied: Spied) -> list[Asked]:
    return [("POST", "judgements", {"question": QUESTION, "result": str(spied.post), "is_it": True})]


def saved(method: str, path: str) -> Callable[[Spied], list[Asked]]:
    """A path that names a question that somebody else saved."""
    return lambda spied: [(method, path.format(saved_id=saved_by(spied)), {})]


SAVED: dict[Any, UUID] = {}


def saved_by(spied: Spied) -> UUID:
    """A question of somebody's token, whose name and words are nobody's business; at random one that does not exist."""
    key = (spied.tenant.slug, spied.owner)
    if not spied.exists:
        return uuid4()
    if key not in SAVED:
        token = token_for(spied.tenant, spied.owner, name=f"saves {spied.owner}")
        assert token
        archive = spied.tenant.archive(spied.owner)
        asked = SavedSearch(q=f"{QUESTION} {spied.tenant.secrets[spied.owner]}", feeds=[spied.feed])
        SAVED[key] = questions.save(archive, f"saves {spied.owner}", asked).id
    return SAVED[key]


CASES: dict[str, Callable[[Spied], list[Asked]]] = {
    "search": of_feed("search", q=QUESTION, limit=50, near=20),
    "suggest": of_feed("suggest", q="пароль от сей"),
    "context": of_feed("context", q=QUESTION, tokens=20_000),
    "messages": of_feed("messages", limit=100),
    "messages/{named:path}/around": everywhere("messages/{named}/around"),
    "messages/{named:path}/thread": everywhere("messages/{named}/thread"),
    "messages/{named:path}/album": everywhere("messages/{named}/album"),
    "messages/{named:path}/similar": everywhere("messages/{named}/similar"),
    "messages/{named:path}": everywhere("messages/{named}"),
    "media": lambda spied: [("GET", "media", {"of": str(spied.post)})],
    "lineage/{named:path}": everywhere("lineage/{named}"),
    "pictures": asked("pictures", q=QUESTION, limit=50),
    "pictures/{sha256}": asked("pictures/" + "0" * 64),
    "pictures/{sha256}/similar": asked(f"pictures/{'0' * 64}/similar"),
    "voices/{sha256}": asked("voices/" + "0" * 64),
    "questions": asked("questions"),
    "questions/{name}": lambda spied: [
        *(("GET", f"questions/{name}", {}) for name in ("most-forwarded", "topics", "entities", "dialogues")),
        ("GET", "questions/activity", {"person": str(spied.owner)}),
        ("GET", "questions/topics", {"chat": spied.number.partition("/")[0]}),
    ],
    "digest": of_feed("digest", since="2023-01-01", until="2024-01-01", limit=50),
    "feeds": asked("feeds"),
    "coverage": of_feed("coverage"),
    "waiting": asked("waiting"),
    "feeds/{feed}/statistics": of_feed("feeds/{feed}/statistics"),
    "judgements": judging,
    "saved": lambda spied: [("GET", "saved", {"token": str(saved_by(spied))})],
    "saved/{saved_id}": saved("DELETE", "saved/{saved_id}"),
    "saved/{saved_id}/key": saved("POST", "saved/{saved_id}/key"),
    "saved/{saved_id}/retry": saved("POST", "saved/{saved_id}/retry"),
    "saved/{saved_id}/matches": saved("GET", "saved/{saved_id}/matches"),
    "saved/{saved_id}/atom": saved("GET", "saved/{saved_id}/atom"),
    "me": asked("me"),
}


def test_every_route_has_a_case() -> None:
    assert {path.removeprefix("/api/v1/") for _, path in CLOSED} - {"session"} == set(CASES)


def answers(client: httpx.Client, case: Callable[[Spied], list[Asked]], spied: Spied) -> list[tuple[int, Any]]:
    told = []
    for method, path, values in case(spied):
        how = {"json": values} if method == "POST" else {"params": values}
        answer = client.request(method, f"/api/v1/{path}", **how)
        assert answer.status_code < 500
        # Sentences may have what was asked for in them.
        told.append(
            (
                answer.status_code,
                answer.text.replace(spied.feed, "FEED").replace(f"'{spied.number.partition('/')[0]}'", "CHAT"),
            )
        )
    return told


@pytest.fixture(scope="module")
def known(doors: Doors, tenants: tuple[Tenant, Tenant]) -> Iterator[Callable[[Archive], httpx.Client]]:
    """Clients by what they may see."""
    slugs = {ids.tenant_id(one.slug): one for one in tenants}
    made: dict[Any, httpx.Client] = {}

    def client(archive: Archive) -> httpx.Client:
        key = (archive.tenant, archive.owners, archive.feeds)
        if key not in made:
            feeds = None if archive.feeds is None else list(archive.feeds)
            made[key] = doors.knock(token_for(slugs[archive.tenant], *archive.owners, feeds=feeds))
        return made[key]

    yield client
    for one in made.values():
        one.close()


@pytest.mark.parametrize("name", list(CASES))
def test_nothing_of_others_is_shown(name: str, known: Any, tenants: tuple[Tenant, Tenant]) -> None:
    count = 0
    for archive, spied in lurkers(tenants):
        told = "".join(text for _, text in answers(known(archive), CASES[name], spied))
        for absent in (spied.tenant.secrets[spied.owner], str(spied.post), '"FEED"'):
            assert absent not in told, (name, archive.owners, archive.feeds)
        count += 1
    assert count == 35


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_foreign_is_as_what_does_not_exist(name: str, known: Any, tenants: tuple[Tenant, Tenant]) -> None:
    mine, other = tenants
    for archive, owner, whose in (
        (mine.archive(999), ADA, other),
        (mine.archive(), ADA, mine),
        (mine.archive(EVA, feeds=[mine.feed("sad")]), EVA, mine),
    ):
        client = known(archive)
        spied, nothing = Spied(whose, owner), Spied(whose, owner, exists=False)
        assert answers(client, CASES[name], spied) == answers(client, CASES[name], nothing)


def test_a_cursor_of_somebody_else_leads_nowhere(known: Any, tenants: tuple[Tenant, Tenant]) -> None:
    mine, other = tenants
    values = {"q": "паром", "limit": 1}
    cursor = known(mine.archive(ADA)).get("/api/v1/search", params=values).json()["cursor"]
    for archive in (
        mine.archive(),
        mine.archive(EVA),
        other.archive(ADA),
        mine.archive(ADA, feeds=[mine.feed("port")]),
    ):
        told = known(archive).get("/api/v1/search", params={**values, "cursor": cursor})
        assert told.json()["error"]["code"] == "cursor"


def test_a_token_of_no_feeds_shows_none(doors: Doors, mine: Tenant) -> None:
    """An empty list is not «all»."""
    with doors.knock(token_for(mine, feeds=[])) as client:
        assert client.get("/api/v1/search", params={"q": "паром"}).json()["results"] == []
        assert client.get("/api/v1/feeds").json() == []
        assert pipeline.scalar(mine.slug, "SELECT count(*) FROM feeds") > 0
