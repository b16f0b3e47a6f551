"""Servers for the tests that need them, started once, and a tenant of each test's own.

A test that asks for ``servers`` and does not get them fails: nothing is skipped.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis

from tests.support import servers as embedded

if TYPE_CHECKING:
    from tests.support.installation import Installation

# A busy machine is no error: no example has a deadline.
hypothesis.register_profile("patient", deadline=None)
hypothesis.load_profile("patient")

# Whoever reads this width when it is imported keeps it; tests that need one set it.
os.environ.pop("COLUMNS", None)

# A person's own servers and choices must not reach a test.
FOREIGN = {name for name in os.environ if name.startswith("TG_") and name not in ("TG_POSTGRES_BIN", "TG_REDIS_BIN")}


# What one process of tests runs together because it shares an installation that takes a minute to begin and is
# never quite idle. All other files are a group each.
TOGETHER = (
    ("live/test_daemon.py", "ui/test_ui_live.py", "cli/test_telegram_docs.py", "cli/test_listing.py"),
    ("ui/test_ui.py", "cli/test_cli.py", "ui/test_ui_telegram.py", "cli/test_console.py"),
)
# Files that take minutes: begun first, so that no process has one of them left when the others are done.
LONG = (
    *TOGETHER[0], *TOGETHER[1], "pipeline/test_scale.py", "pipeline/test_sample.py", "cli/test_readme.py",
    "live/test_crashes.py", "importing/test_whole_group.py", "pipeline/test_changes.py",
    "pipeline/test_public_exports.py", "live/test_albums.py", "updates/test_losses.py", "pipeline/test_isolation.py",
    "backends/test_service.py", "live/test_fuzz.py",
)  # fmt: skip


# Files whose tests start servers or workers of their own, or read pictures with large models.
STARTS_PROCESSES = (
    "backends", "cli/test_readme.py", "cli/test_telegram_docs.py", "speech/test_local.py", "telegram_server",
    "test_packaging.py", "ui", "vision/test_local.py", "vision/test_reading.py", "vision/test_sandbox.py",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that take long first; the others stay as found. Mark what needs a server or starts a process."""
    here = Path(__file__).parent
    places = {name: place for place, name in enumerate(LONG)}
    groups = {name: f"installation {number}" for number, names in enumerate(TOGETHER) for name in names}
    items.sort(key=lambda item: places.get(str(item.path.relative_to(here)), len(LONG)))
    for item in items:
        file = str(item.path.relative_to(here))
        needs = {"servers", "installed"} & set(getattr(item, "fixturenames", ()))
        if needs or file.startswith(STARTS_PROCESSES):
            item.add_marker("servers")
        if "installed" in needs and file not in groups:
            raise pytest.UsageError(f"tests/{file} shares an installation: name it in TOGETHER of tests/conftest.py.")
        item.add_marker(pytest.mark.xdist_group(groups.get(file, file)))


RUNNING = pytest.StashKey[ExitStack]()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop a process' installation after the last test of its group."""
    shared = item.config.stash.get(RUNNING, None)
    if shared is not None and "PYTEST_XDIST_WORKER" in os.environ:
        of, after = (one and one.get_closest_marker("xdist_group") for one in (item, nextitem))
        if after is None or of is None or of.args != after.args:
            shared.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the session's servers."""
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="session")
def servers(installation: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Redis, a graph and a vector server, migrated; their ``TG_*`` variables are set meanwhile."""
    from migrations import upgrade
    from tg_assets.backends.dagster_services import BATCHING

    with pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        try:
            environment = embedded.start(installation)
            for name, value in {**environment, **BATCHING}.items():
                patch.setenv(name, value)
            upgrade(environment["TG_POSTGRES_OWNER_URL"])
            yield environment
        finally:
            embedded.stop(installation)


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
