"""Worker processes that are killed while stages use them: what is made is what one process makes alone."""

import os
import random
import signal
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tg_assets import ids, workers
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

MESSAGES = 1_200
WORDS = (
    "маяк", "генератор", "ледник", "панель", "ветер", "антенна", "batteries", "harbour", "weather", "ремонт", "насос",
    "берег", "чайник", "прогноз", "signal", "journey",
)  # fmt: skip


def imported(tenant: str, path: Path) -> Scope:
    """A channel of made-up sentences, and where they are."""
    draw = random.Random(5)
    messages = [
        {
            "id": number, "type": "message", "date": f"2026-01-01T{number // 60:02d}:{number % 60:02d}:00",
            "date_unixtime": str(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + 60 * number), "from": "Mast",
            "from_id": "channel510004444", "text": " ".join([*draw.choices(WORDS, k=6), str(number)]),
        }
        for number in range(1, MESSAGES + 1)
    ]  # fmt: skip
    export = {"name": "Mast", "type": "public_channel", "id": 510004444, "messages": messages}
    (report,) = pipeline.import_path(pipeline.write_export(path, export), tenant)
    return Scope(report.feed, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))


def made(tenant: str, scope: Scope, count: int) -> dict[str, Any]:
    """All stages of text by so many processes, a run that failed being run again; what is there then."""
    stages = pipeline.prepared_stages(pipeline.tools(settings={"workers": count}))
    for asset in ("posts", "tags", "qdrant_points"):
        for of in stages[asset]:
            for _ in range(20):
                with suppress(TgAssetsError), pipeline.postgres().tenant(scope.tenant) as session:
                    run_stage(of, session, scope)
                    break
    tags = pipeline.rows(
        tenant,
        """SELECT m.telegram_message_id, t.data->'names' FROM post_enrichment t JOIN messages m ON m.id = t.post_id
           WHERE t.kind = 'tags' ORDER BY 1""",
    )
    with pipeline.qdrant().tenant(ids.tenant_id(tenant)) as index:
        found = index.payloads([str(row[0]) for row in pipeline.rows(tenant, "SELECT id FROM messages")])
    told = {one["telegram_message_id"]: (one["tags"], one["text_short"], one["lang"]) for one in found.values()}
    return {"tags": tags, "points": told}


@pytest.mark.usefixtures("servers")
def test_killed_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH", 1)
    alone, together = pipeline.new_tenant(), pipeline.new_tenant()
    expected = made(alone, imported(alone, tmp_path / "alone"), 1)
    assert len(expected["tags"]) == len(expected["points"]) == MESSAGES
    two, over, killed = workers.shared(2), threading.Event(), list[int]()

    def kill() -> None:
        while not over.wait(0.7):
            pool = two._pool
            pids = list(getattr(pool, "_processes", None) or {})
            if pids and len(killed) < 6:
                killed.append(pids[len(killed) % len(pids)])
                with suppress(ProcessLookupError):
                    os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = made(together, imported(together, tmp_path / "together"), 2)
    finally:
        over.set()
        killer.join()
        two.close()
    assert killed
    assert found == expected
