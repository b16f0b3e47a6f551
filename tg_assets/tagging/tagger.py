"""The seam between the pipeline and whatever tags posts, and the tagger that runs here.

A ``Tagger`` takes what posts consist of and returns their tags, all at once, because models are paid per call. It is
recorded with the tags by name and version; another version makes every post stale. What does not belong here:
which posts are tagged, storing.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tg_assets.tagging import entities, topics
from tg_assets.tagging.cleaning import clean, strip_links
from tg_assets.tagging.language import detect
from tg_assets.tagging.tags import TAGGER_VERSION, Tag, TagInput, TagResult, lines, merged, normal, tag
from tg_assets.workers import Workers

if TYPE_CHECKING:
    from tg_assets.embedder import Embedder

ENTITY_CONFIDENCE = 0.8
MOST_ENTITIES = 6
LEAST = 200
"""Posts that are worth sending to another process."""


class Tagger(Protocol):
    """What tags posts. ``chunk_size`` is how many it is given at once: what is lost when it fails."""

    @property
    def name(self) -> str:
        """Who tags: ``local``, or the name of a service."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same post may get other tags."""
        ...

    @property
    def tokens(self) -> int:
        """What its questions to a model elsewhere have taken so far."""
        ...

    @property
    def tokens_per_post(self) -> int:
        """What a post takes besides its own text, for a dry run."""
        ...

    @property
    def chunk_size(self) -> int:
        """Posts to give at once."""
        ...

    def tag_all(self, inputs: Sequence[TagInput]) -> list[TagResult]:
        """Tags of each post, in order."""
        ...


class LocalTagger:
    """Hashtags, key phrases, labels; named entities where the extra is installed; a topic of the taxonomy.

    Without ``embedder`` no post has a topic. ``with_entities`` is for tests; by default it is what is installed.
    """

    name = "local"
    chunk_size = 2000
    tokens = tokens_per_post = 0

    def __init__(
        self,
        embedder: "Embedder | None" = None,
        taxonomy: Path | None = None,
        *,
        with_entities: bool | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._topics = topics.Topics(topics.read(taxonomy), embedder) if embedder is not None else None
        self._entities = entities.available() if with_entities is None else with_entities
        self._workers = workers or Workers(1)

    @property
    def version(self) -> str:
        """The rules, the taxonomy and the model it is compared by, and the entity model."""
        about_topics = self._topics.version if self._topics else "no-topics"
        return f"{TAGGER_VERSION}+{about_topics}+{entities.VERSION if self._entities else 'no-entities'}"

    def tag_all(self, inputs: Sequence[TagInput]) -> list[TagResult]:
        """Tags of each post; never raises on any text, only when a model's files are not the known ones."""
        found = self._workers.map(partial(read, with_entities=self._entities), inputs, least=LEAST)
        if self._topics is None:
            return [result for _, result in found]
        about = self._topics.find([text for text, _ in found])
        return [
            merged((*result.tags, *_topic_tags(topic, text)), result.lang) if topic else result
            for (text, result), topic in zip(found, about, strict=True)
        ]


def read(inputs: Sequence[TagInput], *, with_entities: bool = True) -> list[tuple[str, TagResult]]:
    """Each post's text as models read it, and its tags but for a topic."""
    wholes = [lines(given.text) for given in inputs]
    texts = [clean(strip_links(whole)) for whole in wholes]
    named = entities.entities(texts) if with_entities else [()] * len(texts)
    return [
        (text, tag(given, _entity_tags(entity), whole))
        for given, whole, text, entity in zip(inputs, wholes, texts, named, strict=True)
    ]


def _entity_tags(found: Sequence[entities.Entity]) -> list[Tag]:
    return [
        Tag(normal(one.name), ENTITY_CONFIDENCE, "entity", entities.TYPES[one.kind]) for one in found[:MOST_ENTITIES]
    ]


def _topic_tags(found: topics.Found, text: str) -> list[Tag]:
    """The topic by its name in the text's language: Russian where that is Cyrillic, else English."""
    name = found.topic.ru if detect(text) in _NAMED_IN_RUSSIAN else found.topic.en
    return [Tag(name.lower(), round(found.similarity, 2), "topic")]


_NAMED_IN_RUSSIAN = frozenset({"ru", "uk", "be", "bg", "kk", "ky", "tg", "mk", "sr"})
