"""The claim of ``benchmarks/context.py``: context finds more in long dialogues, and loses nothing elsewhere."""

from benchmarks.context import measure, sets
from benchmarks.talks import HELD
from tg_assets.embedder import UseEmbedder

GAINS = {"dialogues en held": (0.02, 0.005), "chats en held": (0.0, -0.02), "chats ru>en held": (-0.001, -0.001)}
"""What context adds at least to hit@10 and to nDCG@10; one question more or less where it says nothing."""
FLOORS = {"dialogues en held": 0.4, "chats en held": 0.6, "chats ru>en held": 0.45}
"""nDCG@10 with all of it."""


def test_context_adds_and_does_not_take() -> None:
    """On sets that its shares were not chosen on; Russian questions of English talk are as without it."""
    embedder, every = UseEmbedder(), sets()
    for name, least in GAINS.items():
        found = measure(every[name], embedder)
        alone, lifted = found["alone"], found["and units"]
        for ratio, gain in zip(("hit@10", "nDCG@10"), least, strict=True):
            assert lifted[ratio] >= alone[ratio] + gain, (name, found)
        assert found["neighbours"]["nDCG@10"] >= alone["nDCG@10"] - 0.001, (name, found)
        assert lifted["nDCG@10"] >= FLOORS[name], (name, found)


def test_of_two_who_talk_what_is_said_next_is_found() -> None:
    """On dialogues written by hand: far ahead of lines alone, and of BM25 with authors and neighbours."""
    embedder, every = UseEmbedder(), sets()
    for name in HELD:
        found = measure(every[f"talk {name} held"], embedder)
        assert found["and units"]["hit@10"] >= found["alone"]["hit@10"] + 0.08, (name, found)
        assert found["and units"]["nDCG@10"] >= found["bm25"]["nDCG@10"] + 0.1, (name, found)
        assert found["and units"]["hit@10"] >= 0.65, (name, found)
