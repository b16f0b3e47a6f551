"""Servers for the tests that need them, started once, and a tenant of each test's own.

A test that asks for ``servers`` and does not get them fails: nothing is skipped.
"""

import fcntl
import gc
import json
import os
import ssl
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import settings as hypothesis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support import servers as embedded
from tests.support.data import SEEN
from tg_assets.collector import look_seldom

if TYPE_CHECKING:
    from tests.answers.conftest import Tenant
    from tests.support.installation import Installation

# A busy machine is no error: no example has a deadline.
hypothesis.register_profile("patient", deadline=None)
hypothesis.load_profile("patient")

# Whoever reads this width when it is imported keeps it; tests that need one set it.
os.environ.pop("COLUMNS", None)

# A graph server that lives for minutes compiles what it runs once, not twice, and collects without helpers.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

# A person's own servers and choices must not reach a test.
# Stages work on texts in the process of the test, where it sees what they ask; tests of worker processes say otherwise.
ALONE = {"TG_WORKERS": "1"}
FOREIGN = {name for name in os.environ if name.startswith("TG_") and name not in ("TG_POSTGRES_BIN", "TG_REDIS_BIN")}


# What one process of tests runs together: an installation takes a minute to begin and is never quite idle, and the
# whole group takes minutes to import. All other files are a group each.
TOGETHER = (
    ("importing/test_whole_group.py", "pipeline/test_scale.py"),
    (
        "live/test_daemon.py", "ui/test_ui_live.py", "cli/test_telegram_docs.py", "cli/test_listing.py",
        "cli/test_rebuild.py", "cli/test_tenants.py",
    ),
    (
        "ui/test_ui.py", "cli/test_refusals.py", "cli/test_cli.py", "cli/test_launching.py", "ui/test_ui_telegram.py",
        "cli/test_console.py",
    ),
    (
        "graph/test_questions.py", "graph/test_question_bounds.py", "graph/test_equality.py", "graph/test_values.py",
        "graph/test_graph_store.py", "graph/test_plans.py", "graph/test_persona.py", "graph/test_replies.py",
        "graph/test_foremost.py",
    ),
    (
        "answers/test_tenancy.py", "answers/test_functions.py", "answers/test_commands.py", "answers/test_answering.py",
        "answers/test_docs.py", "answers/test_digest.py",
    ),
    (
        "doors/test_tenancy.py", "doors/test_guards.py", "doors/test_api.py", "doors/test_schema.py",
        "doors/test_docs.py", "doors/test_saved.py", "doors/oauth/test_way.py", "doors/oauth/test_attacks.py",
        "doors/oauth/test_grants.py", "doors/mcp/test_evaluation.py", "doors/mcp/test_tenancy.py",
        "doors/mcp/test_hostile.py",
        # One after the other, in one browser.
        "doors/page/test_consent.py", "doors/page/test_page.py", "doors/page/test_states.py",
        "doors/page/test_views.py", "doors/page/test_hostile.py", "doors/page/test_crossed.py",
        "doors/page/test_marks.py", "doors/page/test_pictures.py", "doors/page/test_results.py",
        "doors/page/test_token.py", "doors/page/test_restored.py",
    ),
    (
        "pipeline/test_sample.py", "pipeline/test_search.py", "pipeline/test_suggest.py",
        "pipeline/test_understood.py",
    ),
)  # fmt: skip
SHARED = {"installed", "whole_group", "real_neo4j", "sample"}
# Files that take minutes: begun first, so that no process has one of them left when the others are done.
LONG = (
    *chain(*TOGETHER), "cli/test_readme.py",
    "live/test_crashes.py", "pipeline/test_changes.py", "pipeline/test_public_exports.py", "live/test_albums.py",
    "verifying/test_damages.py", "rebuilding/test_killed.py", "rebuilding/test_index.py", "rebuilding/test_graph.py",
    "updates/test_losses.py", "pipeline/test_isolation.py", "backends/test_service.py", "live/test_fuzz.py",
    "saved/test_looking.py",
)  # fmt: skip

# Files that tell a story: a test goes on where the one above it ended. All others pass in any order.
STORIES = (
    "cli/test_readme.py", "ui/test_ui.py", "ui/test_ui_telegram.py", "pipeline/test_isolation.py",
    "backends/test_qdrant_server.py",
)  # fmt: skip

# Files whose tests start servers or workers of their own, or read pictures with large models.
STARTS_PROCESSES = (
    "backends", "cli/test_readme.py", "cli/test_telegram_docs.py", "logs/test_compute_logs.py", "logs/test_rotation.py",
    "speech/test_local.py", "telegram_server", "test_packaging.py", "ui", "vision/test_local.py",
    "vision/test_reading.py", "vision/test_sandbox.py",
)  # fmt: skip


@cache
def file_of(path: Path) -> str:
    """Name of a file of tests, as the lists above have it."""
    return str(path.relative_to(Path(__file__).parent))


def group_of(nodeid: str) -> str:
    """Name of the group of files that a test belongs to: the first of them."""
    file = nodeid.split("::", 1)[0].removeprefix("tests/")
    return next((names[0] for names in TOGETHER if file in names), file)


class ByGroup(LoadScopeScheduling):
    """Each group of files is one process' work, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.fixture(autouse=True)
def settings_of_commands() -> Iterator[None]:
    """What the environment of one test said to commands is not what another's says."""
    yield
    if runtime := sys.modules.get("tg_assets.cli.runtime"):
        runtime.settings.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Import all tests. What is there then stays, so the collector need not look through it again and again,
    nor through the rest after every 700 objects."""
    gc.disable()
    with first_alone(session.config):
        done = yield
    look_seldom()
    gc.enable()
    return done


@contextmanager
def first_alone(config: pytest.Config) -> Iterator[None]:
    """One process of tests before the others: it compiles what is new, which takes longer than all else before a test,
    and they find it compiled."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    mark = Path(config.option.basetemp).with_name("compiled")  # a process' own directory is beside the others'
    with mark.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if mark.stat().st_size:
            fcntl.flock(file, fcntl.LOCK_UN)
        yield
        file.write(b".")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    """Deal out groups of files, and those that take long first."""
    config.option.loadscopereorder = False
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that take long first and stories as written; the others stay as found. Mark what needs a server or
    starts a process."""
    places = {name: place for place, name in enumerate(LONG)}

    def place(item: pytest.Item) -> tuple[int, int]:
        file = file_of(item.path)
        return places.get(file, len(LONG)), (item.location[1] or 0) if file in STORIES else 0

    together = {name for names in TOGETHER for name in names}
    items.sort(key=place)
    for item in items:
        file = file_of(item.path)
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"servers", "installed"} or file.startswith(STARTS_PROCESSES):
            item.add_marker("servers")
        if fixtures & SHARED and file not in together:
            raise pytest.UsageError(f"tests/{file} shares what takes long: name it in TOGETHER of tests/conftest.py.")


@pytest.fixture(scope="session", autouse=True)
def seen_pictures(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A directory for what pictures show: the same for all processes of tests, and those that they start."""
    own = tmp_path_factory.getbasetemp()
    directory = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "seen"
    directory.mkdir(exist_ok=True)
    os.environ[SEEN] = str(directory)


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Each client of httpx would read those of everybody who vouches for servers, for a tenth of a second."""
    from httpx._transports import default

    make = default.create_ssl_context

    @cache
    def made(where: tuple[str | None, ...], *given: Any, **named: Any) -> ssl.SSLContext:
        return make(*given, **named)

    def kept(*given: Any, **named: Any) -> ssl.SSLContext:
        return made(tuple(map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))), *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(default, "create_ssl_context", kept)
        yield


RUNNING = pytest.StashKey[ExitStack]()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop a process' installation after the last test of its group."""
    shared = item.config.stash.get(RUNNING, None)
    last = nextitem is None or group_of(nextitem.nodeid) != group_of(item.nodeid)
    if shared is not None and last and "PYTEST_XDIST_WORKER" in os.environ:
        shared.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the session's servers."""
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="session")
def servers(installation: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Redis, a graph and a vector server, migrated; their ``TG_*`` variables are set meanwhile."""
    from migrations import upgrade
    from tests.support.connections import taken_again
    from tg_assets.backends.dagster_services import BATCHING

    with taken_again(), pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        try:
            environment = embedded.start(installation)
            embedded.hurry(installation)
            for name, value in {**environment, **BATCHING, **ALONE}.items():
                patch.setenv(name, value)
            upgrade(environment["TG_POSTGRES_OWNER_URL"])
            yield environment
        finally:
            embedded.stop(installation)


@pytest.fixture(scope="session")
def real_neo4j(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Neo4j 5 of the session's own."""
    from tests.support.real_neo4j import running

    with running(tmp_path_factory.mktemp("neo4j")) as url:
        yield url


@pytest.fixture(scope="session")
def superuser_url(servers: dict[str, str], installation: Path) -> str:
    """The embedded server's superuser, on the application's database."""
    password = json.loads((installation / "secrets.json").read_text("utf-8"))["postgres"]
    parts = urlsplit(servers["TG_POSTGRES_OWNER_URL"])
    return urlunsplit(parts._replace(netloc=f"postgres:{password}@{parts.hostname}:{parts.port}"))


@pytest.fixture(scope="session")
def installed(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Installation"]:
    """What a person has after ``tg-assets up`` and importing the sample for tenant ``demo``."""
    from tests.support.installation import running

    with ExitStack() as pytestconfig.stash[RUNNING]:
        yield pytestconfig.stash[RUNNING].enter_context(running(tmp_path_factory.mktemp("tg-assets")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show Dagster's logs with a failure."""
    report = yield
    found = getattr(item, "funcargs", {}).get("installed")
    if report.failed and found is not None:
        report.sections.append(("Dagster's logs", found.logs()))
    return report


@pytest.fixture
def tenant(servers: dict[str, str]) -> str:
    """A tenant that no other test uses."""
    from tests.support.pipeline import new_tenant

    return new_tenant()


@pytest.fixture(scope="session")
def tenants(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> "tuple[Tenant, Tenant]":
    """Those of the answers, which the doors are in front of, too. Do not write to these: many tests look at them."""
    from tests.answers.conftest import make_tenants

    return make_tenants(tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def mine(tenants: "tuple[Tenant, Tenant]") -> "Tenant":
    """The first of them."""
    return tenants[0]


@pytest.fixture(scope="session")
def resources(servers: dict[str, str]) -> dict[str, Any]:
    """The deployment's resources, for ``dg.materialize``."""
    from tests.support.pipeline import SharedVision
    from tg_assets.definitions import default_resources

    return {**default_resources(), "vision": SharedVision()}


@pytest.fixture(scope="session")
def whole_group(servers: dict[str, str]) -> dict[str, Any]:
    """The public group of 103,747 messages, imported undisturbed by a process of its own.

    ``tenant``, ``feed``, ``first`` and ``last`` day, ``counts``, ``seconds`` and peak ``memory`` in bytes.
    """
    from tests.support.data import shared_data
    from tests.support.importer import import_in_process

    return import_in_process(shared_data("desktop", "qa_load.json.gz"))
