"""A run as a process of its own: ``python -m tests.logs.run_once ASSET``; prints what became of it as JSON."""

import json
import logging
import os
import sys

import dagster as dg

from tg_assets.errors import TgAssetsError
from tg_assets.logs.processes import take_over

TEXT = "a secret meeting at the lighthouse"
TRACE = "0192f0c1-aaaa-bbbb-cccc-1234567890ab"


@dg.asset
def told(context: dg.AssetExecutionContext) -> None:
    """Logs in every way there is, and prints."""
    context.log.info("connecting to postgresql://tg_app:a-password@db/x with %s", os.environ["A_TOKEN"])
    logging.getLogger("tg_assets.tests").warning("a module says it", extra={"trace_id": TRACE})
    logging.getLogger("elsewhere").warning("a library says it")
    try:
        raise KeyError(TEXT)
    except KeyError:
        logging.getLogger("tg_assets.tests").exception("it stumbled")


@dg.asset
def printed() -> None:
    """Prints what is no line of a log."""
    print("printed to stdout", flush=True)


@dg.asset
def failed() -> None:
    """Fails by what quotes a message."""
    raise ValueError(TEXT)


@dg.asset
def refused() -> None:
    """Fails by what is written for people."""
    raise TgAssetsError("Mend it.")


if __name__ == "__main__":
    chosen = {one.key.to_user_string(): one for one in (told, printed, failed, refused)}
    take_over(chosen)
    with dg.DagsterInstance.get() as instance:
        result = dg.materialize([chosen[sys.argv[1]]], instance=instance, raise_on_error=False)
        events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
        (captured,) = [one for one in events if one.event_type_value == "LOGS_CAPTURED"]
        errors = [getattr(one.event_specific_data, "error", None) for one in events]
        print(
            json.dumps(
                {
                    "run": result.run_id,
                    "ok": result.success,
                    "key": [result.run_id, "compute_logs", captured.logs_captured_data.file_key],
                    "errors": [one.message for one in errors if one],
                    "said": [entry.message for entry in instance.all_logs(result.run_id)],
                }
            ),
        )
