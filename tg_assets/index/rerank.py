"""The seam for a model elsewhere that reads question and result together and puts the first results in its own order.

Off unless an installation names one (``tg_assets.remote.rerank``): the first results' texts go to it. Where it fails or
says nothing of use the order stays. What does not belong here: wires, which results there are.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tg_assets.errors import TgAssetsError
from tg_assets.remote.rerank import RerankWire
from tg_assets.settings import Settings

Id = TypeVar("Id", int, str)
logger = logging.getLogger(__name__)


class Reranker(Protocol):
    """A model that says how well each text answers."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One finite number for each text, the higher the better. Raises TgAssetsError when there is no answer."""
        ...


@dataclass(frozen=True, slots=True)
class Rerank:
    """A model, and how many of the first results it is shown."""

    model: Reranker
    first: int = 30

    def order(
        self, query: str, ranked: Sequence[tuple[Id, float]], text: Callable[[Id], str]
    ) -> list[tuple[Id, float]]:
        """The first results as the model orders them; the score of a place is what it was."""
        shown = [key for key, _ in ranked[: self.first]]
        if not shown:
            return []
        try:
            scores = self.model.scores(query, [text(key) for key in shown])
        except TgAssetsError as error:
            logger.warning("results keep their order: %s", error)
            return list(ranked)
        best = sorted(range(len(shown)), key=lambda place: (-scores[place], place))
        chosen = [(shown[place], chance) for place, (_, chance) in zip(best, ranked, strict=False)]
        return chosen + list(ranked[self.first :])


def configured(settings: Settings) -> Rerank | None:
    """The installation's reranker; None when TG_RERANK_URL is not set."""
    if settings.rerank_url is None:
        return None
    url = settings.rerank_url.get_secret_value()
    wire = RerankWire(url, settings.rerank_model, settings.rerank_key, settings.rerank_seconds)
    return Rerank(wire, settings.rerank_first)
