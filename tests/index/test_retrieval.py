"""The claim of ``benchmarks/retrieval.py``: fusion beats each of its legs on Russian passages."""

from benchmarks.retrieval import run
from tests.support.data import shared_data


def test_fusion_beats_its_legs() -> None:
    """nDCG@10 over the first dozen of 48 articles; the whole set takes the benchmark."""
    shared_data("xquad", "xquad.ru.json")
    rows = {row["leg"]: row["nDCG@10"] for row in run(articles=12)}
    assert rows["fused"] >= 0.89
    assert rows["fused"] > max(rows["dense"], rows["lemmas"], rows["trigrams"])
    assert rows["lemmas"] >= 0.86
