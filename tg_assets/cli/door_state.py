"""Whether the page, the API and the assistants' door answer, in a sentence.

What does not belong here: starting them (``backends``), serving (``doors``).
"""

import httpx

from tg_assets.backends import State
from tg_assets.cli import runtime
from tg_assets.errors import TgAssetsError

SECONDS = 30.0


def doors() -> str:
    """Where they answer, or why they were not started. Raises TgAssetsError where they were and do not."""
    from tg_assets.backends.dagster_services import DOORS, page_address
    from tg_assets.backends.layout import Layout
    from tg_assets.backends.status import describe

    settings = runtime.settings()
    if not settings.serve:
        return "switched off (TG_SERVE)"
    if describe(Layout(settings.state_dir), DOORS).state is State.stopped:
        return "not started here; `tg-assets up` or `tg-assets serve` starts it"
    address = page_address(settings)
    try:
        httpx.get(f"{address}/health", timeout=SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        raise TgAssetsError(
            f"The page does not answer at {address} ({type(error).__name__}). `tg-assets status` names its log, and "
            "`tg-assets up` starts it anew."
        ) from None
    return f"page, API and /mcp answer at {address}"
