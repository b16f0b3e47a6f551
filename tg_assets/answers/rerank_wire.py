"""The wire of rerankers: ``POST`` with ``model``, ``query`` and ``documents``, answered by ``results`` of ``index`` and
``relevance_score``, as Cohere, Jina, vLLM and others have it.

One request per search, not repeated: a person waits for it. What does not belong here: when it is asked.
"""

from collections.abc import Sequence
from math import isfinite

from pydantic import BaseModel, Field, SecretStr, ValidationError

from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError
from tg_assets.index.rerank import Rerank
from tg_assets.settings import Settings

LONGEST = 2000
"""Characters of a text that are sent."""


class _Result(BaseModel):
    index: int = Field(ge=0)
    relevance_score: float


class _Reply(BaseModel):
    results: list[_Result]


class RerankWire:
    """A ``Reranker`` at an address; ``url`` is that of the endpoint itself, ``…/v1/rerank``."""

    def __init__(self, url: str, model: str, key: SecretStr | None, timeout: float) -> None:
        self._url, self._model, self._key, self._timeout = url, model, key, timeout

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """See ``Reranker``; a text of which nothing is said comes after all others."""
        import httpx

        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"} if self._key else {}
        body = {"model": self._model, "query": query, "documents": [text[:LONGEST] for text in texts]}
        try:
            # A redirect would carry people's messages to an address that nobody chose.
            answer = httpx.post(self._url, json=body, headers=headers, timeout=self._timeout, follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerDown(
                f"The reranker does not answer ({type(error).__name__}). Does TG_RERANK_URL point at it?"
            ) from None
        if answer.status_code != httpx.codes.OK:
            raise ServerRefuses(
                f"The reranker answers {answer.status_code}. Correct TG_RERANK_URL, TG_RERANK_MODEL or TG_RERANK_KEY."
            )
        try:
            results = _Reply.model_validate_json(answer.content).results
        except ValidationError:
            raise TgAssetsError("The reranker answers something else than results with relevance_score.") from None
        found = {one.index: one.relevance_score for one in results if isfinite(one.relevance_score)}
        least = min(found.values(), default=0.0) - 1
        return [found.get(place, least) for place in range(len(texts))]


def configured(settings: Settings) -> Rerank | None:
    """The installation's reranker; None when TG_RERANK_URL is not set."""
    if settings.rerank_url is None:
        return None
    url = settings.rerank_url.get_secret_value()
    wire = RerankWire(url, settings.rerank_model, settings.rerank_key, settings.rerank_seconds)
    return Rerank(wire, settings.rerank_first)
