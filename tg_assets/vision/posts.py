"""A post out of its pictures: what became of each, and so of the post.

What does not belong here: looking at pictures (``contents``), rows and events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tg_assets.vision.combine import combine
from tg_assets.vision.contents import Described
from tg_assets.vision.result import VisionResult


@dataclass(slots=True)
class Post:
    """A post's pictures in order, and what became of them."""

    id: UUID
    said: Mapping[str, Any]
    """What an outside worker told."""
    pictures: list[Any] = field(default_factory=list)
    described: list[Described] = field(default_factory=list)
    result: VisionResult | None = None

    @property
    def told(self) -> bool:
        """Whether an outside worker looked at one of the pictures that the post has now."""
        if not self.said:
            return False
        return self.said.get("sha256") in (None, *(one.sha256 for one in self.pictures))

    def settle(self, described: Mapping[str, Described]) -> None:
        """Put together what became of the pictures."""
        if self.told:
            told = self.said.get("result")
            self.described = [
                Described(VisionResult.model_validate(told))
                if told is not None
                else Described(skipped=self.said["skipped"])
            ]
        else:
            self.described = [
                Described(skipped=one.policy or one.missing_reason)
                if one.policy or one.sha256 is None
                else described[one.sha256]
                for one in self.pictures
            ]
        results = [one.result for one in self.described if one.result]
        self.result = combine(results) if results and not self.waits else None

    @property
    def waits(self) -> str | None:
        """Why the post waits; a post whose pictures are half known does."""
        return next((one.waiting for one in self.described if one.waiting), None)

    @property
    def failed(self) -> str | None:
        """Why a picture of it failed."""
        return next((one.failed for one in self.described if one.failed), None)

    @property
    def status(self) -> str:
        """As ``post_enrichment`` has it."""
        if self.result:
            return "partial" if self.failed else "ok"
        return "error" if self.failed else "skipped"

    @property
    def reason(self) -> str | None:
        """Why there is no result, or not all of it."""
        if self.result and not self.failed:
            return None
        return self.failed or next((one.skipped for one in self.described if one.skipped), None)
