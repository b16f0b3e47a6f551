"""The summary of an album depends on its items and what was said about them, on nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tg_assets.albums.assemble import Album, AlbumItem, assemble
from tg_assets.albums.summary import (
    AlbumIdentity,
    AlbumSummary,
    Analysed,
    Outcome,
    Settled,
    best_of,
    is_complete,
    results_of,
    summarise,
    weighted,
)
from tg_assets.vision.result import VisionResult

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
WHO = AlbumIdentity(UUID(int=1), 77, UUID(int=2), UUID(int=3))
KEYS = {
    "album_id", "grouped_id", "tenant_id", "channel_id", "items_count", "items_analyzed", "vision_summary",
    "vision_labels", "ocr_text", "has_meme", "has_text", "first_analyzed_at", "last_analyzed_at",
    "assembly_completed_at", "assembly_lag_seconds", "schema_version",
}  # fmt: skip


def album(count: int, deleted: tuple[int, ...] = ()) -> Album:
    return assemble([AlbumItem(i, "photo", None, None, START, i in deleted) for i in range(1, count + 1)])


def summary_of(album: Album, outcomes: Mapping[int, Outcome]) -> AlbumSummary:
    """With the weighted description."""
    return summarise(WHO, album, outcomes, weighted(results_of(album, outcomes)))


def seen(description: str = "A made-up picture", minute: int = 0, **changes: Any) -> Analysed:
    base = {"classification": "photo", "description": description, "provider": "p", "model": "m", "vision_version": "v"}
    return Analysed(VisionResult.model_validate(base | changes), START + timedelta(minutes=minute))


def text(value: str) -> dict[str, str]:
    return {"text": value, "engine": "e"}


def test_the_json_has_exactly_the_names_of_the_contract() -> None:
    """Ids as text, times in ISO, an empty album of outcomes included."""
    out = summary_of(album(2), {}).model_dump(mode="json")
    assert set(out) == KEYS
    assert (out["album_id"], out["items_count"], out["items_analyzed"]) == (str(UUID(int=1)), 2, 0)
    assert (out["vision_summary"], out["ocr_text"], out["vision_labels"]) == (None, None, [])
    assert (out["first_analyzed_at"], out["assembly_lag_seconds"], out["schema_version"]) == (None, 0.0, "1.0")


def test_items_speak_in_the_albums_order_not_in_order_of_arrival() -> None:
    """Descriptions and OCR follow positions, though the last item was analysed first."""
    outcomes: dict[int, Outcome] = {
        3: seen("third thing entirely", 0, ocr=text("three")),
        1: seen("first of them", 9, ocr=text("one")),
        2: seen("second object", 5, ocr=text("two")),
    }
    summary = summary_of(album(3), outcomes)
    assert summary.vision_summary == "first of them | second object | third thing entirely"
    assert summary.ocr_text == "one | two | three"


def test_what_many_items_say_counts_more_and_is_said_once() -> None:
    """Five near-equal descriptions (weight 5.0) come before the first item's own (3.0)."""
    said = ["a lone cat", "one dog barking", "old wooden door"]
    said += [f"long row of vans by the grey sea number {n}" for n in range(5)]
    outcomes = {place + 1: seen(description) for place, description in enumerate(said)}
    assert summary_of(album(8), outcomes).vision_summary == (
        "long row of vans by the grey sea number 0 | a lone cat | one dog barking | old wooden door"
    )


def test_limits_hold() -> None:
    """Five descriptions, twenty labels by frequency, three OCR texts."""
    outcomes = {
        n: seen(f"alpha{n} beta{n} gamma{n}", labels=[f"own{n}", f"more{n}", "common"], ocr=text(f"text {n}"))
        for n in range(1, 12)
    }
    summary = summary_of(album(11), outcomes)
    assert summary.vision_summary is not None
    assert summary.vision_summary.split(" | ") == [f"alpha{n} beta{n} gamma{n}" for n in range(1, 6)]
    assert (summary.vision_labels[:3], len(summary.vision_labels)) == (["common", "own1", "more1"], 20)
    assert summary.ocr_text == "text 1 | text 2 | text 3"


def test_skipped_failed_and_deleted_items_do_not_keep_an_album_open() -> None:
    """Complete means every living item is settled; only described ones count as analysed."""
    outcomes: dict[int, Outcome] = {
        1: seen(minute=1, is_meme=True),
        2: Settled("too_many_pixels", START + timedelta(minutes=4)),
        3: seen(minute=2, analysis_reason="skipped"),
        9: seen(minute=90),
    }
    four = album(5, deleted=(4,))
    assert not is_complete(four, outcomes)
    outcomes[5] = Settled("failed")
    assert is_complete(four, outcomes)
    summary = summary_of(four, outcomes)
    assert (summary.items_count, summary.items_analyzed, summary.has_meme, summary.has_text) == (4, 1, True, False)
    assert summary.assembly_completed_at == START + timedelta(minutes=4)
    assert summary.assembly_lag_seconds == 180.0


def test_a_deleted_item_takes_what_it_said_with_it() -> None:
    """Its description, labels, OCR and meme flag are gone."""
    outcomes = {1: seen("secret thing", labels=["secret"], ocr=text("secret"), is_meme=True), 2: seen("kept thing")}
    summary = summary_of(album(2, deleted=(1,)), outcomes)
    assert (summary.vision_summary, summary.vision_labels, summary.ocr_text) == ("kept thing", [], None)
    assert not summary.has_meme


results = st.builds(
    seen,
    description=st.sampled_from(["a red van", "a red van by the sea", "кот на окне", "screen with text"]),
    minute=st.integers(0, 500),
    labels=st.lists(st.sampled_from(["cat", "van", "text", "sea"]), max_size=4),
    ocr=st.one_of(st.none(), st.sampled_from(["one", "two"]).map(text)),
    is_meme=st.booleans(),
)
outcome_maps = st.dictionaries(st.integers(1, 9), st.one_of(results, st.just(Settled("skipped"))))


@given(outcome_maps, st.sets(st.integers(1, 6)), st.randoms())
def test_arrival_order_changes_nothing_and_counts_agree(
    outcomes: dict[int, Outcome], deleted: set[int], random: Any
) -> None:
    """The same outcomes in any order give the same bytes; analysed <= counted; times in order."""
    one = album(6, tuple(deleted))
    arrived = list(outcomes.items())
    random.shuffle(arrived)
    summary = summary_of(one, outcomes)
    assert summary_of(one, dict(arrived)).model_dump_json() == summary.model_dump_json()
    living = set(range(1, 7)) - deleted
    analysed = {n for n in living if isinstance(outcomes.get(n), Analysed)}
    assert (summary.items_count, summary.items_analyzed) == (len(living), len(analysed))
    assert is_complete(one, outcomes) == (living <= set(outcomes))
    assert (summary.vision_summary is None) == (not analysed)
    if summary.first_analyzed_at and summary.last_analyzed_at:
        assert summary.first_analyzed_at <= summary.last_analyzed_at <= summary.assembly_completed_at


def test_the_best_description_says_the_most() -> None:
    """Different words count, those of the first pictures more, and a handsome picture's more still."""
    plain, rich = seen("Dog dog dog dog"), seen("A dog beside a boat on a lake")
    outcomes = {1: plain, 2: rich}
    assert best_of(results_of(album(2), outcomes)) == "A dog beside a boat on a lake"
    handsome = seen("A boat on the lake at dawn", aesthetic_score=1.0)
    assert best_of(results_of(album(2), {1: plain, 2: handsome})) == "A boat on the lake at dawn"
    assert best_of([]) is None
