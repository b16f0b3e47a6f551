"""The claim of ``benchmarks/retrieval.py``: the fusion is never below its best leg, whatever the kind of text."""

from benchmarks.retrieval import run
from tests.support.data import shared_data
from tg_assets.embedder import UseEmbedder

TOLERANCE = {"nDCG@10": 0.01, "hit@10": 0.02}
"""One question more or less in the smaller sets."""


def test_fusion_is_never_below_its_best_leg() -> None:
    """Over the first dozen of 48 articles and all made-up chats; the whole sets take the benchmark."""
    for language in ("ru", "en"):
        shared_data("xquad", f"xquad.{language}.json")
    rows = run(UseEmbedder(), articles=12)
    assert {row["set"] for row in rows} == {
        "xquad ru", "xquad en", "xquad ru>en", "mixed ru>ru", "mixed ru>en", "mixed en>ru", "chats en", "chats ru>en",
    }  # fmt: skip
    for row in rows:
        if row["ratio"] in TOLERANCE:
            best = max(row["dense"], row["lemmas"], row["trigrams"])
            assert row["fused"] >= best - TOLERANCE[row["ratio"]], row
    gains = {(row["set"], row["half"]): row["fused"] for row in rows if row["ratio"] == "nDCG@10"}
    assert gains["xquad ru", "held"] >= 0.92
    assert gains["xquad en", "held"] >= 0.93
    assert gains["xquad ru>en", "held"] >= 0.83
    assert gains["chats en", "held"] >= 0.49
