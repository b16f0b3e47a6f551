"""What a question says besides what it is about: when a post was written, and by whom; and, if asked for, its age.

«что писала Катя в марте», posts from Katya last week. What is understood moves such posts up, and nothing is left out
for it: "from" may begin a place, and what happened in May may be told in June. Where no result fits a condition it
changes nothing. What does not belong here: words and vectors of the question, finding posts.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeVar

from tg_assets.index.dates import Span, find
from tg_assets.index.fusion import best_first
from tg_assets.index.question import in_other_script
from tg_assets.tagging.lemmas import lemma, words

Id = TypeVar("Id", int, str)

ASIDE = 0.6
"""What is left of the score of a result that does not fit a condition which others fit."""
OLD = 0.5
"""What is left of the score of a result that is very old, where new ones are wanted."""
_NAME = r"(?P<name>[^\W\d_][\w'’-]+)(?!\w)"
_FROM = (
    re.compile(rf"(?<!\w)did {_NAME} (?:say|write|tell|mention|post|ask|answer)(?!\w)", re.IGNORECASE),
    re.compile(
        rf"(?<!\w)(?:от|from|by|автор|author|пишет|(?:на)?писал[аи]?|сказал[аи]?|говорил[аи]?)[: ]+{_NAME}",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what is understood of it; ``about`` is what is looked for, without «вчера» and the like."""

    text: str
    about: str
    span: Span | None = None
    author: str | None = None
    now: datetime | None = None

    @property
    def zone(self) -> tzinfo | None:
        """Whose days are meant: «вчера» is the asker's, days that are named are UTC's."""
        return self.now.tzinfo if self.now and self.span and self.span.relative else UTC

    def fits_author(self, name: str | None) -> bool:
        """Whether a name is, in any form or script, the one asked for."""
        return bool(self.author) and bool(name) and bool(_forms(self.author or "") & _forms(name or ""))

    def fits_time(self, at: datetime) -> float:
        """How well a post of that time fits the days asked for, 0…1."""
        if self.span is None or self.now is None:
            return 0.0
        return self.span.fits(at.astimezone(self.zone).date())

    @property
    def understood(self) -> list[str]:
        """For people: ``from катя``, ``2026-03-01..2026-03-31``."""
        told = [f"from {self.author}"] if self.author else []
        if self.span is not None:
            told.append(f"{self.span.first}..{self.span.last}")
        return told


def understand(query: str, now: datetime) -> Question:
    """Look for a time and an author in a query; ``now`` is aware, and its days are meant by «вчера»."""
    found, about = find(query, now.date()), query
    if found is not None and found[0].relative:  # what was said yesterday need not say so
        about = " ".join(query.replace(found[1], " ").split())
    named = next((match for pattern in _FROM if (match := pattern.search(query))), None)
    return Question(
        query,
        about if words(about) else query,
        found[0] if found else None,
        named["name"] if named else None,
        now,
    )


def moved(
    question: Question,
    ranked: Sequence[tuple[Id, float]],
    author: Callable[[Id], str | None],
    at: Callable[[Id], datetime],
) -> list[tuple[Id, float]]:
    """Results with what is left of their scores, best first: those that fit a condition that some fit keep it all."""
    left = dict(ranked)
    for fits in (
        {key: float(question.fits_author(author(key))) for key in left} if question.author else {},
        {key: question.fits_time(at(key)) for key in left} if question.span else {},
    ):
        if any(fits.values()):
            left = {key: score * (ASIDE + (1 - ASIDE) * fits[key]) for key, score in left.items()}
    return best_first(left.items())


def recent(
    ranked: Sequence[tuple[Id, float]], at: Callable[[Id], datetime], now: datetime, half_life: timedelta
) -> list[tuple[Id, float]]:
    """Results with what is left of their scores by their age, best first; nothing is left out.

    left = score · (OLD + (1 - OLD) · 2 ^ (-age / half_life)): all of it now, three quarters after one half-life, half
    of it in the end. What is dated after ``now`` has no age.
    """
    left = {}
    for key, score in ranked:
        age = max(now - at(key), timedelta())
        left[key] = score * (OLD + (1 - OLD) * 0.5 ** (age / half_life))
    return best_first(left.items())


@lru_cache(maxsize=1 << 12)
def _forms(name: str) -> frozenset[str]:
    """Lemmas of a name's words, in both scripts."""
    said = words(name)
    other = [form for word in said for one in (word, lemma(word)) if (form := in_other_script(one))]
    return frozenset((*said, *map(lemma, said), *other, *map(lemma, other)))
