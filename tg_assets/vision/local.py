"""The built-in vision provider: text, colours, kind and, with the extra ``vision``, objects; without a network.

It says only what it can know: ``nsfw_score`` and ``aesthetic_score`` are null. Pictures are looked at in workers
(``sandbox``), as many at a time as there are, so callers are best threads. What does not belong here: the looking
(``worker_tasks``).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from tg_assets.sandbox.pool import Sandbox
from tg_assets.vision.decode import weigh
from tg_assets.vision.objects import objects_tag
from tg_assets.vision.ocr import OcrStatus, ocr_status
from tg_assets.vision.result import VisionResult

# Raise it when a rule changes what a picture gets: every stored result then is stale.
RULES_VERSION = 3


class LocalVision:
    """Rules and Tesseract, in processes of their own. Safe to call from several threads.

    ``tessdata`` limits where language data is looked for; by default the usual places are.
    """

    name = "local"
    model = "rules"

    def __init__(self, tessdata: Sequence[Path] | None = None) -> None:
        self._tessdata = tessdata
        paths = None if tessdata is None else [str(path) for path in tessdata]
        self._sandbox = Sandbox("tg_assets.vision.worker_tasks:tasks", {"tessdata": paths})

    @cached_property
    def status(self) -> OcrStatus:
        """Whether this provider reads text; found out once."""
        return ocr_status(self._tessdata)

    @cached_property
    def version(self) -> str:
        """``local@<rules>+<engines>``: an engine, model or language installed later is another version."""
        return "+".join(part for part in (f"local@{RULES_VERSION}", self.status.tag, objects_tag()) if part)

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Describe one picture. Raises ``Refused`` when it cannot be decoded safely."""
        weigh(image)
        said, _ = self._sandbox.call({"mime": mime}, image)
        made_by = {"provider": self.name, "model": self.model, "vision_version": self.version}
        return VisionResult.model_validate({**said, **made_by})
