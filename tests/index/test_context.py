"""The claim of ``benchmarks/context.py``: context finds more in long dialogues, and loses nothing elsewhere."""

from benchmarks.context import measure, sets
from tg_assets.embedder import UseEmbedder

TOLERANCE = 0.02


def test_context_adds_and_does_not_take() -> None:
    """On sets that its shares were not chosen on; Russian questions of English talk are as without it."""
    embedder, every = UseEmbedder(), sets()
    for name, least in (("dialogues en held", 0.04), ("chats en held", 0.0), ("chats ru>en held", -0.001)):
        found = measure(every[name], embedder)
        alone, lifted = found["alone"], found["and units"]
        assert lifted["hit@10"] >= alone["hit@10"] + least, (name, found)
        assert lifted["nDCG@10"] >= alone["nDCG@10"] + least / 4, (name, found)
        assert found["neighbours"]["nDCG@10"] >= alone["nDCG@10"] - TOLERANCE, (name, found)
