"""Exports of one chat that overlap: the later edit wins, nothing is lost, whatever the order."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.telegram.exports import chat, message

DAY = 1_682_931_600
ABSENT = "(File not included. Change data exporting settings to download.)"


def said(number: int, text: str, edited: int | None = None, **fields: Any) -> dict[str, Any]:
    """A message a minute after the last one, edited so many minutes later."""
    fields |= {
        "date_unixtime": str(DAY + 60 * number),
        "text": text,
        "text_entities": [{"type": "plain", "text": text}],
    }
    if edited is not None:
        fields |= {"edited": "2023-05-01T13:00:00", "edited_unixtime": str(DAY + 60 * (number + edited))}
    return message(number, **fields)


def photo(number: int, second: int = 0, path: str | None = None, caption: str = "") -> dict[str, Any]:
    given = path or f"photos/photo_{number}.jpg"
    return said(number, caption, photo=given, width=10, height=10, date_unixtime=str(DAY)) | {
        "date_unixtime": str(DAY + second)
    }


class Exports:
    """Writes one export after the other and imports it."""

    def __init__(self, tenant: str, directory: Path) -> None:
        self.tenant = tenant
        self._directory = directory
        self._number = 0

    def land(self, *messages: dict[str, Any], files: dict[str, bytes] | None = None) -> dict[str, int]:
        self._number += 1
        path = pipeline.write_export(self._directory / str(self._number), chat(*messages), files)
        (report,) = pipeline.import_path(path, self.tenant)
        return {name: report.counts[name] for name in ("new", "changed", "unchanged")}

    def texts(self) -> dict[int, str]:
        rows = pipeline.rows(self.tenant, "SELECT telegram_message_id, raw->>'text' FROM telegram_messages")
        return {row[0]: row[1] for row in rows}

    def reactions(self) -> dict[int, Any]:
        rows = pipeline.rows(self.tenant, "SELECT telegram_message_id, raw->'reactions' FROM telegram_messages")
        return {row[0]: row[1] for row in rows}

    def versions(self) -> list[str]:
        rows = pipeline.rows(self.tenant, "SELECT raw->>'text' FROM telegram_message_versions ORDER BY 1")
        return [row[0] for row in rows]

    def albums(self) -> list[list[int]]:
        rows = pipeline.rows(
            self.tenant,
            """SELECT array_agg(telegram_message_id ORDER BY telegram_message_id) FROM telegram_messages
               WHERE grouped_id IS NOT NULL GROUP BY grouped_id ORDER BY 1""",
        )
        return [row[0] for row in rows]

    def media(self, number: int) -> dict[str, Any]:
        found = pipeline.scalar(
            self.tenant, "SELECT media FROM telegram_messages WHERE telegram_message_id = :n", n=number
        )
        (item,) = found
        return dict(item)

    def dirty(self) -> set[str]:
        """Days that somebody else than a backfill has to look at."""
        return {row[0] for row in pipeline.rows(self.tenant, "SELECT date::text FROM dirty")}


@pytest.fixture
def exports(tenant: str, tmp_path: Path) -> Exports:
    return Exports(tenant, tmp_path)


def test_overlapping_exports_join(exports: Exports) -> None:
    assert exports.land(said(1, "one"), said(2, "two"), said(3, "three")) == {"new": 3, "changed": 0, "unchanged": 0}
    assert exports.land(said(3, "three"), said(4, "four")) == {"new": 1, "changed": 0, "unchanged": 1}
    assert exports.texts() == {1: "one", 2: "two", 3: "three", 4: "four"}
    assert exports.versions() == []


def test_a_later_edit_wins_and_the_earlier_text_is_kept(exports: Exports) -> None:
    exports.land(said(1, "first"), said(2, "same"))
    assert exports.land(said(1, "second", edited=5), said(2, "same")) == {"new": 0, "changed": 1, "unchanged": 1}
    assert exports.texts() == {1: "second", 2: "same"}
    assert exports.versions() == ["first"]


def test_an_older_export_imported_later_does_not_undo_an_edit(exports: Exports) -> None:
    exports.land(said(1, "second", edited=5))
    assert exports.land(said(1, "first")) == {"new": 0, "changed": 0, "unchanged": 1}
    assert exports.texts() == {1: "second"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_edit_wins_in_any_order(exports: Exports, order: tuple[int, ...]) -> None:
    texts = [said(1, "first"), said(1, "second", edited=3), said(1, "third", edited=9)]
    for place in order:
        exports.land(texts[place])
    assert exports.texts() == {1: "third"}


def test_of_duplicates_in_one_file_the_latest_edit_counts(exports: Exports) -> None:
    """Joined exports hold a message twice."""
    exports.land(said(1, "second", edited=5), said(2, "two"), said(1, "first"), said(2, "two"))
    assert exports.texts() == {1: "second", 2: "two"}


def test_an_album_cut_in_half_becomes_whole(exports: Exports) -> None:
    """The first export ends inside the album; the second one has the rest, or the whole of it."""
    files = {f"photos/photo_{n}.jpg": b"picture %d" % n for n in range(1, 6)}
    exports.land(photo(1, caption="five pictures"), photo(2), files=files)
    assert exports.albums() == [[1, 2]]
    exports.land(photo(3), photo(4, 1), photo(5, 1), files=files)
    assert exports.albums() == [[1, 2, 3, 4, 5]]
    exports.land(*(photo(n, n > 3, caption="five pictures" if n == 1 else "") for n in range(1, 6)), files=files)
    assert exports.albums() == [[1, 2, 3, 4, 5]]


def test_an_album_that_begins_in_the_older_part_becomes_whole(exports: Exports) -> None:
    """The newer half first: the album's id moves to its real first message."""
    files = {f"photos/photo_{n}.jpg": b"picture %d" % n for n in range(1, 5)}
    exports.land(photo(3), photo(4), files=files)
    exports.land(photo(1), photo(2), files=files)
    assert exports.albums() == [[1, 2, 3, 4]]


def test_media_survive_an_export_without_them(exports: Exports) -> None:
    """The newer export was made without photos, and the caption was edited meanwhile."""
    exports.land(photo(1, caption="old"), files={"photos/photo_1.jpg": b"picture"})
    stored = exports.media(1)
    assert stored["sha256"]
    newer = photo(1, path=ABSENT, caption="new") | {"edited": "2023-05-01T13:00:00", "edited_unixtime": str(DAY + 600)}
    assert exports.land(newer) == {"new": 0, "changed": 1, "unchanged": 0}
    assert exports.texts() == {1: "new"}
    assert exports.media(1) == stored


def test_media_left_out_at_first_arrive_with_a_fuller_export(exports: Exports) -> None:
    """Same message, exported again with its photo."""
    exports.land(photo(1, path=ABSENT))
    assert exports.media(1)["missing_reason"] == ABSENT
    exports.land(photo(1), files={"photos/photo_1.jpg": b"picture"})
    assert exports.media(1)["sha256"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_picture_that_an_edit_replaced_does_not_come_back(exports: Exports, order: tuple[int, ...]) -> None:
    """The newer export shows a picture of another size without its file: the older file is not this one's."""
    edited = {"edited": "2023-05-01T13:00:00", "edited_unixtime": str(DAY + 600), "height": 99}
    both = [photo(1, caption="old"), photo(1, path=ABSENT, caption="new") | edited]
    for place in order:
        exports.land(both[place], files={"photos/photo_1.jpg": b"picture"})
    assert exports.texts() == {1: "new"}
    assert exports.media(1)["missing_reason"] == ABSENT


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_reaction_that_was_withdrawn_goes_away(exports: Exports, order: tuple[int, ...]) -> None:
    """Nothing was edited; what is later than the message says which export was made later."""
    fire = {"reactions": [{"type": "emoji", "count": 3, "emoji": "🔥"}]}
    both = [(said(1, "same", **fire), said(2, "two")), (said(1, "same"), said(9, "later"))]
    for place in order:
        exports.land(*both[place])
    assert exports.reactions() == {1: None, 2: None, 9: None}
    assert exports.versions() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_day_in_the_name_of_an_export_counts(tenant: str, tmp_path: Path, order: tuple[int, ...]) -> None:
    """Nobody wrote between two exports, and a reaction was withdrawn."""
    fire = {"reactions": [{"type": "emoji", "count": 3, "emoji": "🔥"}]}
    both = [("ChatExport_2023-06-01", said(1, "same", **fire)), ("ChatExport_2023-06-02 (1)", said(1, "same"))]
    for place in order:
        name, given = both[place]
        pipeline.import_path(pipeline.write_export(tmp_path / name, chat(given)), tenant)
    assert pipeline.scalar(tenant, "SELECT raw->'reactions' FROM telegram_messages") is None


@pytest.mark.parametrize("order", ["abcde", "edcba", "cbade", "bcdea", "ecabd", "daebc"])
def test_exports_of_one_time_end_the_same(tenant: str, order: str) -> None:
    """The later edit wins, earlier texts are kept once each; of one edit seen twice at one time one look is chosen."""
    for name in order:
        pipeline.import_path(Path(__file__).parent / "exports_of_one_chat" / name, tenant)
    (found,) = pipeline.rows(
        tenant, "SELECT raw->>'text', raw->'reactions'->0->'count' FROM telegram_messages WHERE telegram_message_id = 1"
    )
    assert tuple(found) == ("menu today dunnart", 3)
    kept = pipeline.rows(tenant, "SELECT edited_at IS NULL, raw->>'text' FROM telegram_message_versions ORDER BY 1")
    assert [tuple(row) for row in kept] == [(False, "menu tomorrow dunnartnew"), (True, "menu today dunnart")]


def test_what_changes_beyond_an_export_is_marked(exports: Exports) -> None:
    """A message with another time leaves its day; what is left of an album that it was in is of the day before."""
    midnight = 1_682_985_600 - DAY
    exports.land(
        photo(1, midnight - 2, caption="an album"), photo(2, midnight - 1), photo(3, midnight), said(9, "text")
    )
    assert exports.albums() == [[1, 2, 3]]
    assert pipeline.materialize(
        f"{exports.tenant}.sad", "2023-05-01", "2023-05-02", ("telegram_messages", "posts")
    ).success
    assert exports.dirty() == set()
    exports.land(photo(3, midnight, caption="another") | edited(3), said(9, "text") | edited(9, midnight + 60))
    assert exports.albums() == [[1, 2]]
    assert exports.dirty() == {"2023-05-01"}


def edited(number: int, second: int | None = None) -> dict[str, Any]:
    """That a message was edited a day later, and in which second of its day it is said to be sent."""
    sent = {} if second is None else {"date_unixtime": str(DAY + second)}
    return {"edited": "2023-05-03T13:00:00", "edited_unixtime": str(DAY + 2 * 86_400 + number)} | sent
