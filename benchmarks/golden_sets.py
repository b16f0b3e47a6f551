"""Questions with known answers over chats, made by rules that look at no ranking.

``sample``: the bundled export, from its rows after all stages. Kinds: ``asked``, written by people who read the story
(``golden_sample.tsv``: a question and words of the message that answers it; every row with those words is evidence);
``picture``, the three rarest words that are read in a picture, its post and album being evidence; ``name``, "что пишет"
with an author's first name and the two rarest words of one of its posts; ``date``, the day of a channel's post and its
rarest word; ``reply`` as below. Rare is what few rows have; of equals the first.

``chat``: an export of a real group. A message that asks something (a question mark, five words or more) and that
somebody else answered (five words or more) is a question, its answers are the evidence, and it is no result itself.
Which ones is told by a hash of their text. Nothing of it is kept. What does not belong here: ranking, measuring.
"""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import Connection, text

from tg_assets.index.evidence import Passage
from tg_assets.index.text import TextParts, has_words, text_to_embed
from tg_assets.tagging.lemmas import words

WRITTEN = Path(__file__).with_name("golden_sample.tsv")
FEW_WORDS = 5
NAMES_EACH = 10
MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Row:
    """Something that can be found: its text as indexed, its author and its chat."""

    text: str
    author: str | None = None
    chat: str | None = None
    number: int | None = None
    """Of the message in its chat; albums have none."""

    def passage(self, authors: bool = True) -> Passage:
        """As ranking looks at it; without ``authors`` nobody said it anywhere."""
        return Passage(self.text, *((self.author, self.chat) if authors else ()))


@dataclass(frozen=True)
class Ask:
    """A question, the numbers of the rows that answer it, and of those that are no result."""

    kind: str
    query: str
    evidence: frozenset[int]
    left_out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Golden:
    """Rows and questions about them."""

    rows: list[Row]
    asks: list[Ask]

    def of(self, *kinds: str) -> "Golden":
        """Questions of some kinds, without the rows that are no result of any of them: what was asked is taken out."""
        asks = [ask for ask in self.asks if ask.kind in kinds]
        gone = frozenset[int]().union(*(ask.left_out for ask in asks))
        place = {old: new for new, old in enumerate(n for n in range(len(self.rows)) if n not in gone)}
        moved = [
            Ask(ask.kind, ask.query, frozenset(place[n] for n in ask.evidence if n in place))
            for ask in asks
        ]  # fmt: skip
        return Golden([self.rows[n] for n in place], [ask for ask in moved if ask.evidence])


def rarest(texts: Sequence[str], of: str, count: int) -> list[str]:
    """The words of a text, of four letters or more, that fewest texts have."""
    having = _having(tuple(texts))
    found = list(dict.fromkeys(word for word in words(of) if _LETTERS.fullmatch(word)))
    return sorted(found, key=lambda word: having[word])[:count]


_HAVING: dict[int, Counter[str]] = {}


def _having(texts: tuple[str, ...]) -> Counter[str]:
    key = hash(texts)
    if key not in _HAVING:
        _HAVING[key] = Counter(word for text in texts for word in set(words(text)))
    return _HAVING[key]


def sample(found: Sequence[Any]) -> Golden:
    """Of rows with the columns of ``SAMPLE_ROWS``."""
    rows = [Row(row.whole, row.author, row.chat, row.number) for row in found]
    texts = [row.text for row in rows]
    asks = [*_written(found), *_pictures(found), *_names(found, texts), *_dates(found, texts)]
    number = {row.id: place for place, row in enumerate(found)}
    answers: dict[int, set[int]] = defaultdict(set)
    for place, row in enumerate(found):
        if row.parent in number and row.author != found[number[row.parent]].author:
            answers[number[row.parent]].add(place)
    asks += _replied(rows, answers, 10_000)
    return Golden(rows, asks)


def sample_rows(connection: Connection) -> list[Any]:
    """What can be found in the sample of the connection's tenant; ``whole`` is its text as indexed."""
    found = []
    for row in connection.execute(text(SAMPLE_ROWS)):
        parts = TextParts(row.content, row.spoken or "", row.described or "", row.seen or "")
        if whole := text_to_embed(parts):
            found.append(SimpleNamespace(**row._mapping, whole=whole))
    return found


def _written(found: Sequence[Any]) -> Iterator[Ask]:
    for line in WRITTEN.read_text("utf-8").splitlines():
        query, said = line.split("\t")
        evidence = frozenset(place for place, row in enumerate(found) if said in row.content)
        if not evidence:
            raise SystemExit(f"No row of the sample has the words of the question {query!r}.")
        yield Ask("asked", query, evidence)


def _pictures(found: Sequence[Any]) -> Iterator[Ask]:
    seen = [row.seen or "" for row in found]
    for place, row in enumerate(found):
        chosen = rarest(seen, seen[place], 3)
        if row.kind == "post" and len(chosen) == 3:
            same = {place} | {n for n, other in enumerate(found) if other.kind == "album" and other.id == row.album_id}
            yield Ask("picture", " ".join(chosen), frozenset(same))


def _names(found: Sequence[Any], texts: Sequence[str]) -> Iterator[Ask]:
    by: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(found):
        if row.author and row.author != row.chat and row.kind == "post" and len(words(row.content)) >= FEW_WORDS:
            by[row.author].append(place)
    for author, places in by.items():
        for place in places[:: max(1, len(places) // NAMES_EACH)][:NAMES_EACH]:
            chosen = " ".join(rarest(texts, found[place].content, 2))
            same = frozenset(n for n, row in enumerate(found) if row.content == found[place].content)
            yield Ask("name", f"что пишет {author.split()[0]}: {chosen}", same)


def _dates(found: Sequence[Any], texts: Sequence[str]) -> Iterator[Ask]:
    posts = [place for place, row in enumerate(found) if row.kind == "post" and row.source == "channel"]
    for place in posts[::8]:
        row = found[place]
        if chosen := rarest(texts, row.content, 1):
            day = f"{row.posted_at.day} {MONTHS[row.posted_at.month - 1]}"
            same = {n for n, other in enumerate(found) if other.content == row.content or other.id == row.album_id}
            yield Ask("date", f"{day} {chosen[0]}", frozenset({place, *same}))


def chat(path: Path, first: int, last: int, most: int) -> Golden:
    """Messages number ``first`` to ``last`` of an export that have words, and at most so many questions."""
    whole = orjson.loads(gzip.decompress(path.read_bytes()))
    said = [(one, told) for one in whole["messages"] if words(told := _text(one))][first:last]
    number = {one["id"]: place for place, (one, _) in enumerate(said)}
    parents = [number.get(one.get("reply_to_message_id")) for one, _ in said]
    rows = [Row(text, one.get("from"), whole.get("name"), one["id"]) for one, text in said]
    answers: dict[int, set[int]] = defaultdict(set)
    for place, parent in enumerate(parents):
        if parent is not None and rows[place].author != rows[parent].author:
            answers[parent].add(place)
    return Golden(rows, _replied(rows, answers, most))


def _replied(rows: Sequence[Row], answers: dict[int, set[int]], most: int) -> list[Ask]:
    made = []
    for asking, answered in answers.items():
        asked = rows[asking].text
        evidence = frozenset(place for place in answered if len(words(rows[place].text)) >= FEW_WORDS)
        if "?" in asked and len(words(asked)) >= FEW_WORDS and has_words(asked) and evidence:
            made.append(Ask("reply", asked, evidence, frozenset({asking})))
    return sorted(made, key=lambda ask: crc32(ask.query.encode()))[:most]


def _text(message: Any) -> str:
    said = message.get("text") or ""
    return said if isinstance(said, str) else "".join(one if isinstance(one, str) else one["text"] for one in said)


SAMPLE_ROWS = """
    SELECT m.id, 'post' AS kind, m.telegram_message_id AS number, c.title AS chat, m.author_name AS author,
           m.source, m.posted_at, m.album_id,
           coalesce(m.content, '') AS content, v.data->'ocr'->>'text' AS seen, v.data->>'description' AS described,
           s.data->>'text' AS spoken, p.id AS parent
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN messages p ON p.channel_id = m.channel_id AND p.telegram_message_id = m.reply_to_message_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status = 'ok'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech' AND s.status = 'ok'
    WHERE m.deleted_at IS NULL AND (NOT m.is_service OR m.content <> '')
    UNION ALL
    SELECT g.id, 'album', NULL, c.title, m.author_name, c.source, g.posted_at, g.id, coalesce(g.caption_text, ''),
           g.meta->'enrichment'->>'ocr_text', g.meta->'enrichment'->>'vision_summary', NULL, NULL
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    LEFT JOIN media_group_items i ON i.group_id = g.id AND i.position = 0
    LEFT JOIN messages m ON m.id = i.post_id
    WHERE g.deleted_at IS NULL
    ORDER BY 7, 2, 1
"""
"""Columns of what can be found."""
