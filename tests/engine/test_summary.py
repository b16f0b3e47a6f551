"""What a stage says when it is done."""

from collections import Counter

from tg_assets.assets.materialize import summary
from tg_assets.ledger.stage import Report


def test_a_line_tells_why_items_were_left_out() -> None:
    """The three most frequent reasons, and that there are more; what is up to date is no reason."""
    report = Report(stale=Counter(new=70), total=75, seconds=1.25)
    report.skipped.update({"no words to index": 60, "deleted": 5, "a sticker": 2, "other": 1})
    report.failed.update({"the model is away": 2})
    assert summary("qdrant_points", report, dry_run=False) == (
        "qdrant_points: 0 made, 68 skipped (60 no words to index; 5 deleted; 2 a sticker; …), "
        "2 failed (2 the model is away), 5 were up to date; 1.2 s"
    )
