"""The wire of rerankers against a provider over HTTP."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.support.model_server import Fault, ModelServer
from tg_assets.errors import TgAssetsError
from tg_assets.index.rerank import configured
from tg_assets.remote.rerank import LONGEST, RerankWire
from tg_assets.settings import Settings

KEY = "rerank-secret-1234567890"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer().running() as running:
        yield running


def wire(server: ModelServer) -> RerankWire:
    return RerankWire(f"{server.openai_url}/rerank", "model-m", SecretStr(KEY), 5)


def says(server: ModelServer, *results: tuple[int, float]) -> None:
    server.always = Fault(raw=json.dumps({"results": [{"index": i, "relevance_score": s} for i, s in results]}))


def test_scores_are_those_of_the_texts(server: ModelServer) -> None:
    says(server, (2, 0.9), (0, 0.1))
    assert wire(server).scores("кто?", ["один", "два", "x" * 5000]) == [0.1, pytest.approx(-0.9), 0.9]
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/rerank")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.json == {"model": "model-m", "query": "кто?", "documents": ["один", "два", "x" * LONGEST]}


@pytest.mark.parametrize(
    "fault", [Fault(500), Fault(401), Fault(302, {"Location": "http://127.0.0.1:9/"}), Fault(cut=True),
              Fault(raw="<html>"), Fault(raw='{"results": [{"index": -1, "relevance_score": 1}]}')],
)  # fmt: skip
def test_trouble_is_a_sentence_without_text_or_key(server: ModelServer, fault: Fault) -> None:
    server.always = fault
    with pytest.raises(TgAssetsError, match="reranker") as raised:
        wire(server).scores("тайный вопрос", ["тайный текст"])
    assert "тайный" not in str(raised.value)
    assert KEY not in str(raised.value)
    assert len(server.asked) == 1


def test_it_is_off_unless_it_is_set(server: ModelServer) -> None:
    assert configured(Settings()) is None
    says(server, (1, 1.0), (0, 0.5))
    chosen = configured(Settings(rerank_url=SecretStr(f"{server.openai_url}/rerank"), rerank_model="m"))
    assert chosen is not None
    assert chosen.order("q", [("a", 0.9), ("b", 0.2)], str) == [("b", 0.9), ("a", 0.2)]
    assert "authorization" not in server.asked[-1].headers
