"""A made-up set of English group chats with questions, for ``retrieval``: people who talk past each other.

Friends tell of the same things (pets, moves, breakages), each of their own, in lines that lean on what was said
before; others ask back in the very words that questions have. A question names a person and a matter, half of the
time not in the words of the answer; its evidence is every message that answers it. Some questions are Russian ones
about the English talk. Everything is drawn from the tables below by a seeded generator.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

PEOPLE = {
    "Nora": "Нора", "Tomas": "Томас", "Priya": "Прия", "Leon": "Леон", "Wendy": "Венди", "Idris": "Идрис",
    "Greta": "Грета", "Hugo": "Хьюго",
}  # fmt: skip
CHATS = ("Sunday hikers", "Flat 12 neighbours", "Old orchestra")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Matter:
    """Something that several people tell of. ``{v}`` is what, ``{w}`` a detail of it, ``{day}`` when.

    Each line of ``told`` answers the questions with its number in ``asked``; ``{p}`` is who told it.
    """

    prompts: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    told: tuple[tuple[str, ...], ...]
    asked: tuple[tuple[str, ...], ...]
    russian: str


MATTERS = (
    Matter(
        ("Did anyone ever get an animal after all?", "Who was it that wanted a pet?"),
        (("a grey kitten", "Biscuit"), ("an old greyhound", "Comet"), ("two parakeets", "Salt and Pepper"),
         ("a tortoise", "Mildred")),
        (("I brought home {v} from the shelter on {day}!", "So {day} it happened: {v} lives with me now.",
          "My new pet moved in on {day}, {v} from the shelter."),
         ("Answers to {w} already, well, nearly.", "We settled on {w}, the kids voted.",
          "The name of the animal is {w}, by the way.")),
        (("Which animal did {p} adopt?", "What pet does {p} have?"),
         ("What did {p} name the pet?", "What is {p}'s animal called?")),
        "Какое животное живёт у {p}?",
    ),
    Matter(
        ("How is the move going?", "When do you move out?"),
        (("Leeds", "the rent"), ("a farmhouse near Lucca", "the garden"), ("Gdansk", "my sister"),
         ("the fourth floor", "the view")),
        (("Boxes everywhere, {v} from {day} on.", "Signed the lease: {v}, keys on {day}.",
          "I am moving to {v}, the van comes on {day}."),
         ("Honestly it was {w} that decided it.", "Did it for {w}, no regrets.",
          "I chose the new home because of {w}.")),
        (("Where is {p} moving?", "Where is {p} going to live?"),
         ("Why did {p} relocate?", "What made {p} choose the new home?")),
        "Куда переезжает {p}?",
    ),
    Matter(
        ("What happened to your car?", "Is the car fixed?"),
        (("the gearbox", "940"), ("a cracked windscreen", "310"), ("the starter", "185"), ("the exhaust", "420")),
        (("It was {v} in the end, mechanic called on {day}.", "{v}, can you believe it. Towed on {day}.",
          "My car broke down on {day}, {v} this time."),
         ("{w} euros, thank you very much.", "Invoice says {w}. I cried a little.",
          "The repair cost me {w} euros altogether.")),
        (("What broke in {p}'s vehicle?", "What was wrong with the car of {p}?"),
         ("How much did {p} pay for the repair?", "What did fixing the car cost {p}?")),
        "Что сломалось в машине у {p}?",
    ),
    Matter(
        ("How did the interview go?", "Any news about the job?"),
        (("the city archive", "restorer"), ("a dairy cooperative", "bookkeeper"), ("the ferry line", "dispatcher"),
         ("a school for the deaf", "music teacher")),
        (("They took me! {v}, I begin on {day}.", "It is official: {v} from {day}.",
          "I have a new employer, {v}, and the contract starts on {day}."),
         ("As a {w}, if you please.", "The badge says {w}, very grand.",
          "My position there will be {w}.")),
        (("Who hired {p}?", "What is {p}'s new employer?"),
         ("What position did {p} get?", "What is {p}'s profession now?")),
        "Куда на работу идёт {p}?",
    ),
    Matter(
        ("What are you all cooking for the party?", "Who brings what?"),
        (("plum dumplings", "cinnamon"), ("a lentil stew", "smoked paprika"), ("saffron buns", "cardamom"),
         ("stuffed peppers", "mint")),
        (("I will turn up with {v}, baked on {day}.", "Count on me for {v}, starting {day}.",
          "My dish for the party is {v}, I am preparing it on {day}."),
         ("The secret is {w}.", "Twice as much {w} as the recipe wants.",
          "The spice that does the trick is {w}.")),
        (("Which dish does {p} bring?", "What food is {p} preparing?"),
         ("What spice does {p} use?", "Which ingredient is {p}'s trick?")),
        "Какое блюдо готовит {p}?",
    ),
    Matter(
        ("Are you still learning something new?", "What are you learning these days?"),
        (("the accordion", "my uncle"), ("Welsh", "an app"), ("beekeeping", "a monk"), ("welding", "night school")),
        (("Took up {v} on {day}, my wrists hate me.", "{v}. Since {day}. Do not laugh.",
          "I have been studying {v} since {day}, a hobby at last."),
         ("From {w}, strict but fair.", "{w} puts up with my mistakes.",
          "I take lessons from {w}.")),
        (("What hobby did {p} start?", "Which skill is {p} studying?"),
         ("Who teaches {p}?", "From whom does {p} take lessons?")),
        "Чему учится {p}?",
    ),
    Matter(
        ("Did you see a doctor at last?", "How is your health?"),
        (("a torn meniscus", "crutches"), ("iron deficiency", "tablets"), ("a slipped disc", "swimming"),
         ("hay fever", "a nasal spray")),
        (("{v}, they told me on {day}.", "So it is {v}; the scan was on {day}.",
          "The doctor diagnosed {v} on {day}."),
         ("They gave me {w} for six weeks.", "{w} from now on, yay.",
          "My treatment is {w} for now.")),
        (("What was {p} diagnosed with?", "What illness does {p} have?"),
         ("What treatment was {p} prescribed?", "How is {p} being treated?")),
        "Что болит у {p}, какой диагноз?",
    ),
    Matter(
        ("Holidays, anybody?", "Where did you go on holiday?"),
        (("the Faroe Islands", "puffins"), ("Plovdiv", "the old theatre"), ("Lake Balaton", "a thunderstorm"),
         ("Matera", "the cave houses")),
        (("We fly to {v} on {day}.", "{v}! Tickets are for {day}.",
          "For the vacation we travel to {v}, leaving on {day}."),
         ("I mostly remember {w}.", "Nothing beats {w}.",
          "What impressed me most on the trip was {w}.")),
        (("Which destination did {p} travel to?", "Where does {p} spend the vacation?"),
         ("What impressed {p} most on the trip?", "What sight does {p} recall from the journey?")),
        "Куда {p} едет в отпуск?",
    ),
    Matter(
        ("What did you read lately?", "Any book worth it?"),
        (("a life of Ada Lovelace", "the letters"), ("a novel about lighthouse keepers", "the ending"),
         ("the history of salt", "the maps"), ("poems by Szymborska", "the translation")),
        (("Finished {v} on {day}, in one go.", "{v} kept me up until {day}.",
          "I have been reading {v} and finished on {day}."),
         ("{w} alone is worth the price.", "Skip everything but {w}.",
          "The part I liked best was {w}.")),
        (("Which literature did {p} finish?", "What has {p} been reading?"),
         ("What did {p} like best about it?", "Which part did {p} praise?")),
        "Какую книгу читает {p}?",
    ),
    Matter(
        ("Who lost something?", "Did you find it?"),
        (("my violin bow", "the tram"), ("grandma's ring", "the laundry"), ("my passport", "the copy shop"),
         ("the spare keys", "the compost")),
        (("I cannot find {v} since {day}!", "{v} went missing on {day}, I am sick.",
          "I lost {v} on {day} and keep looking for it."),
         ("It was at {w}. Of all places.", "Turned up in {w}, unharmed.",
          "My lost thing was in {w} all the time.")),
        (("What did {p} lose?", "Which belonging was {p} looking for?"),
         ("Where was {p}'s lost thing discovered?", "In which place did {p} recover it?")),
        "Какую вещь не может найти {p}?",
    ),
    Matter(
        ("What will you give the twins?", "Present ideas?"),
        (("a telescope", "Hugo's shop"), ("two kites", "the flea market"), ("a chemistry set", "an auction"),
         ("roller skates", "my attic")),
        (("Mine is {v}, wrapped since {day}.", "Went for {v} on {day}.",
          "My gift for the twins is {v}, I bought it on {day}."),
         ("Came from {w}, dusted it twice.", "{w} had the last one.",
          "I got the present at {w}.")),
        (("What gift did {p} buy?", "Which present does {p} have?"),
         ("Where did {p} obtain the gift?", "Who sold it to {p}?")),
        "Что {p} подарит близнецам?",
    ),
    Matter(
        ("The heating again?", "What is it with this house?"),
        (("the boiler", "a dead sensor"), ("the lift", "mice"), ("the intercom", "rain"),
         ("the cellar light", "a fuse")),
        (("{v} has been out since {day}.", "No {v} on {day} either, great.",
          "{v} is not working since {day}, I reported it."),
         ("They say it was {w}.", "Caused by {w}, the plumber swears.",
          "The reason for the failure is {w}.")),
        (("Which equipment failed according to {p}?", "What does {p} report as not working?"),
         ("What reason did {p} give for the failure?", "Why was it defective, says {p}?")),
        "Что не работает в доме, по словам {p}?",
    ),
)  # fmt: skip
NOISE = (
    "haha", "same here", "oh no", "really?", "congratulations!!", "When did that happen?", "What did you say?",
    "I did not know that", "who told you", "send pictures", "see you on {day}", "can we talk about {day}",
    "sorry, I was on the phone", "where are you all?", "nice", "I have to go, more later", "what time is it there",
    "{q} asked me the same", "tell {q} about it", "{q} would love that", "did {q} not say so last week?",
    "that is what {q} has, too", "good morning", "happy birthday {q}!", "who is coming on {day}?",
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    chat: str
    author: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Question:
    """A question and the numbers of the messages that answer it."""

    text: str
    evidence: frozenset[int]
    language: str = "en"


@dataclass
class Chats:
    """Messages in order of time, and the questions about them."""

    messages: list[Message] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def chats(seed: int = 11) -> Chats:
    """The set; another seed gives another one of the same kind."""
    draw = random.Random(seed)
    made = Chats()
    at = datetime(2025, 3, 1, 8, tzinfo=UTC)
    threads = [(matter, list(zip(draw.sample(sorted(PEOPLE), 4), matter.values, strict=True))) for matter in MATTERS]
    draw.shuffle(threads)
    for matter, tellers in threads:
        chat = draw.choice(CHATS)

        def say(author: str, text: str, chat: str = chat) -> int:
            nonlocal at
            at += timedelta(minutes=draw.choice((1, 2, 7, 40, 600)))
            other = draw.choice([name for name in PEOPLE if name != author])
            made.messages.append(Message(chat, author, at, text.replace("{q}", other)))
            return len(made.messages) - 1

        for teller, (value, detail) in tellers:
            day = draw.choice(DAYS)
            say(draw.choice([name for name in PEOPLE if name != teller]), draw.choice(matter.prompts))
            for number, lines in enumerate(matter.told):
                for _ in range(draw.randrange(6)):
                    say(draw.choice(sorted(PEOPLE)), draw.choice(NOISE).replace("{day}", draw.choice(DAYS)))
                line = draw.choice(lines).replace("{v}", value).replace("{w}", detail).replace("{day}", day)
                evidence = frozenset({say(teller, line[:1].upper() + line[1:])})
                made.questions += [Question(text.replace("{p}", teller), evidence) for text in matter.asked[number]]
                if number == 0:
                    made.questions.append(Question(f"Who mentioned {value}?", evidence))
                    russian = matter.russian.replace("{p}", PEOPLE[teller])
                    made.questions.append(Question(russian, evidence, "ru"))
    return made
