"""Words that stand beside the text of a message are searched and tagged; what has none, or is not read, is counted."""

from pathlib import Path
from typing import Any

from tests.pipeline.test_search import find
from tests.support import pipeline
from tests.telegram.exports import chat, message

DAY = ("2023-05-01", "2023-05-01")


def empty(number: int, **fields: Any) -> dict[str, Any]:
    return message(number, **{"text": "", "text_entities": [], **fields})


MESSAGES = [
    message(1, text="plain neighbour", text_entities=[{"type": "plain", "text": "plain neighbour"}]),
    empty(2, rich_message={"blocks": [
        {"type": "heading", "size": 2, "text": "Voyage plan sextant"},
        {"type": "paragraph", "text": [
            "Leave at dawn ", {"type": "bold", "text": "gangplank"}, " ",
            {"type": "text_link", "text": "map", "href": "https://example.org/harbour-map"}]}]}),
    empty(3, rich_message={"blocks": [{"type": "list", "items": [
        {"checked": True, "blocks": [{"type": "paragraph", "text": "buy rope windlass"}]},
        {"checked": False, "blocks": [{"type": "paragraph", "text": "paint hull"}]}]}]}),
    empty(4, todo_list={"title": "Harbour chores jetty", "items": [
        {"id": 1, "text": "scrape the barnacles"},
        {"id": 2, "text": [{"type": "plain", "text": "mend sails"}]}]}),
    empty(5, inline_bot_buttons=[[
        {"type": "url", "text": "Connect semaphore", "data": "https://example.org/harbour-proxy"},
        {"type": "callback", "text": "More", "data": "aGk=", "dataBase64": "aGk="}]]),
    empty(6, place_name="Cafe Kittiwake", address="1 Pademelon Row"),
    empty(7, invoice_information='{"title":"Ticket regatta","description":"Row 5","amount":100}'),
    empty(8, giveaway_information={"quantity": 5, "channels": [42], "additional_prize": "dinghy"}),
    empty(9, type="service", actor="Ада", actor_id="user7", action="send_star_gift", gift_text="a telescope for you"),
    empty(10, type="service", actor="Ада", actor_id="user7", action="invite_members", members=["Cormorant"]),
    empty(11, location_information={"latitude": 1.5, "longitude": 2.5}),
    empty(12, aroma="tar"),
]  # fmt: skip
WORDS = {
    "sextant": 2, "gangplank": 2, "windlass": 3, "jetty": 4, "barnacles": 4, "semaphore": 5,
    "Kittiwake": 6, "regatta": 7, "dinghy": 8, "telescope": 9,
}  # fmt: skip


def test_words_beside_the_text_are_found_and_tagged(tenant: str, tmp_path: Path) -> None:
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path / "export", chat(*MESSAGES)), tenant)
    assert report.by_kind() == {
        "without words: aroma": 1,
        "without words: location_information": 1,
        "words not read: aroma": 1,
    }
    result = pipeline.materialize(report.feed, *DAY, selection=["telegram_messages", "posts", "tags", "qdrant_points"])
    told = pipeline.metadata(result, "posts")
    assert told["without_words"] == 2
    assert told["without_words_by_kind"] == {"aroma": 1, "location_information": 1}

    for word, number in WORDS.items():
        assert number in [hit.telegram_message_id for hit in find(tenant, word, limit=3)], word
    assert pipeline.points(tenant) == 9  # no "X joined", no place without a name
    tagged = pipeline.rows(
        tenant,
        """SELECT m.telegram_message_id FROM messages m JOIN post_enrichment e ON e.post_id = m.id AND e.kind = 'tags'
           WHERE jsonb_array_length(e.data->'names') > 0 ORDER BY 1""",
    )
    assert {2, 3, 4, 5, 6, 7, 9} <= {row[0] for row in tagged}
    urls = pipeline.rows(tenant, "SELECT jsonb_array_elements_text(urls) FROM messages ORDER BY 1")
    assert [row[0] for row in urls] == ["https://example.org/harbour-map", "https://example.org/harbour-proxy"]
