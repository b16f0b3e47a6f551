"""Parameters of questions by which they have an answer in the made-up world."""

from typing import Any

from tests.graph.world import ANN, World
from tests.support import pipeline

CHANNEL, GROUP = "severnyy-mayak", "komanda-mayaka"


def examples(world: World) -> dict[str, dict[str, Any]]:
    """Parameters of each question, for which somebody who sees everything gets an answer."""
    chat = {"chat": CHANNEL}
    last = pipeline.rows(
        world.tenant,
        """SELECT m.id::text FROM messages m JOIN channels c ON c.id = m.channel_id
           WHERE m.forward_from_name = 'кто-то' ORDER BY c.owner_id, 1""",
    )
    twice = """SELECT p.post_id::text FROM post_media_map p WHERE p.sha256 IN (
                   SELECT sha256 FROM post_media_map WHERE position = 0 GROUP BY 1 HAVING count(*) > 1) ORDER BY 1"""
    album = pipeline.rows(world.tenant, "SELECT id::text FROM media_groups ORDER BY 1")[0][0]
    return {
        "first-source": {"post": last[-1][0]},
        "first-forwarders": {"source": "Порт Мурманск"},
        "reach": {"post": first_of(world, "channel")},
        "communities": {"least": 1},
        "replies-to": {"person": "Катя Новак"},
        "threads": {"person": "510001007"},
        "activity": {"person": ANN},
        "same-picture": {"picture": pipeline.rows(world.tenant, twice)[0][0]},
        "pictures": {"label": "Boat"},
        "albums": chat,
        "albums-by-tags": {"tags": "#слово 1, СЛОВО 2, nothing"},
        "album": {"album": album},
        "related-topics": {"topic": "Море"},
        "mentions": {"entity": "мурманск"},
        "related-entities": {"entity": "Мурманск"},
        "links-to": {"page": "example.org/secret"},
        "dialogue": {"chat": "Катя Новак"},
    }


def first_of(world: World, source: str) -> str:
    (row,) = pipeline.rows(
        world.tenant,
        """SELECT m.id::text FROM messages m JOIN channels c ON c.id = m.channel_id
           WHERE c.source = :source AND NOT m.is_service ORDER BY m.telegram_message_id LIMIT 1""",
        source=source,
    )
    return str(row[0])
