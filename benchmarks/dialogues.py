"""Made-up long dialogues with questions, for ``context``: two people who meet again and again over months.

Each tells the other of every matter of ``chats``, asked or not, with small talk between; many answers do not name what
they are about, for the line before has asked it. Everything is drawn by a seeded generator.
"""

import random
from datetime import UTC, datetime, timedelta

from benchmarks.chats import DAYS, MATTERS, NOISE, PEOPLE, Chats, Matter, Message, Question

COUNT = 4
"""Dialogues, each of two of the people."""


class _Talk:
    """One dialogue as it is drawn."""

    def __init__(self, draw: random.Random, made: Chats, pair: tuple[str, str], at: datetime) -> None:
        self.draw, self.made, self.pair, self.at = draw, made, pair, at

    def say(self, who: str, said: str) -> int:
        self.at += timedelta(minutes=self.draw.choice((0, 1, 1, 2, 4)))
        self.made.messages.append(Message(" and ".join(self.pair), who, self.at, said))
        return len(self.made.messages) - 1

    def small(self, least: int, most: int) -> None:
        for _ in range(self.draw.randrange(least, most)):
            said = self.draw.choice(NOISE).replace("{day}", self.draw.choice(DAYS))
            self.say(self.draw.choice(self.pair), said.replace("{q}", self.draw.choice(sorted(PEOPLE))))

    def tell(self, matter: Matter, who: str, value: str, detail: str) -> None:
        """One asks, the other tells in two lines; the questions about them."""
        day = self.draw.choice(DAYS)
        self.say(next(one for one in self.pair if one != who), self.draw.choice(matter.prompts))
        self.small(0, 2)
        for number, lines in enumerate(matter.told):
            line = self.draw.choice(lines).replace("{v}", value).replace("{w}", detail).replace("{day}", day)
            evidence = frozenset({self.say(who, line[:1].upper() + line[1:])})
            self.made.questions += [Question(said.replace("{p}", who), evidence) for said in matter.asked[number]]
            self.small(0, 3)
        self.made.questions.append(Question(matter.russian.replace("{p}", PEOPLE[who]), evidence, "ru"))


def dialogues(seed: int = 21) -> Chats:
    """The set; another seed gives another one of the same kind."""
    draw, made = random.Random(seed), Chats()
    people = draw.sample(sorted(PEOPLE), 2 * COUNT)
    at = datetime(2025, 1, 1, 9, tzinfo=UTC)
    for pair in zip(people[::2], people[1::2], strict=True):
        talk = _Talk(draw, made, pair, at)
        told = [
            (matter, who, *said)
            for matter in MATTERS
            for who, said in zip(pair, draw.sample(matter.values, 2), strict=True)
        ]
        draw.shuffle(told)
        for first in range(0, len(told), 2):
            talk.at += timedelta(hours=draw.randrange(12, 90))
            talk.small(1, 6)
            for one in told[first : first + 2]:
                talk.tell(*one)
            talk.small(1, 6)
        at = talk.at
    return made
