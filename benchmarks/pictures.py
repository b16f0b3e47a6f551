"""Whether words find pictures without captions, and whether pictures hide texts; in memory, on real labels.

An archive of XQuAD's passages in one language, a third of which got a picture of something, and as many pictures
without any words: each described as the built-in provider does it, with one of the labels of ImageNet or COCO.
``found``: of pictures that are called so, the share among the first ten results, or among as many as there are;
asked by the Russian name, the English one, a wider word, a colour with a wider word. ``texts``: nDCG@10 of XQuAD's
questions over the same archive, whose pictures are noise to them; ``without`` is without the fields.
Run: ``python -m benchmarks.pictures``.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.retrieval import Corpus, Question, _measure, rankings, xquad
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index import sparse
from tg_assets.tagging.lemmas import lemmas
from tg_assets.vision.colours import _HUES
from tg_assets.vision.names import TABLE, Name, read
from tg_assets.vision.picture_words import COLOURS, PictureWords, picture_words

PICTURES = 725
SHARE = 3
"""One of so many passages has a picture."""
TOP = 10


def looked(rng: random.Random, names: Sequence[Name]) -> dict[str, Any]:
    """What the built-in provider says of a photo that shows one of the names."""
    label, colours = rng.choice(names).english[0], rng.sample(sorted({name for _, name in _HUES}), 2)
    return {
        "classification": "photo", "labels": ["photo", "landscape", "mid-tone", *colours, label], "objects": [],
        "dominant_colors": colours, "scene": "mid-tone", "provider": "local", "context": {"scores": {label: 0.6}},
        "description": f"Photo 1280×960, mid-tone, mostly {' and '.join(colours)}, showing {label}, no readable text.",
    }  # fmt: skip


def archive(language: str, articles: int | None, fields: bool) -> tuple[Corpus, list[PictureWords]]:
    """The archive, and what each of its passages shows."""
    rng, names = random.Random(7), [name for name in read(TABLE.read_text("utf-8")) if name.wider]
    texts = xquad(language, language, articles=articles)
    said: list[str] = []
    seen: list[PictureWords] = []
    for number, passage in enumerate([*texts.texts, *[""] * PICTURES]):
        vision = looked(rng, names) if not passage or number % SHARE == 0 else {}
        said.append(f"{passage} {vision.get('description', '')}".strip())
        seen.append(picture_words(vision))
    beside: list[tuple[str | None, ...]] = [
        (None, None, *((one.shown_text, one.manner_text) if fields else ("", ""))) for one in seen
    ]
    return Corpus(said, beside, texts.questions), seen


def questions(seen: Sequence[PictureWords], each: int = 60) -> dict[str, list[Question]]:
    """Questions of each way to ask, with the passages whose pictures are called so."""
    rng = random.Random(11)
    called = [set(lemmas(one.text)) for one in seen]
    pictures = [number for number, one in enumerate(seen) if one.shown]
    asked: dict[str, list[str]] = {"russian": [], "english": [], "wider ru": [], "wider en": [], "colour ru": []}
    for number in rng.sample(pictures, each):
        name, colour = seen[number].shown[0], COLOURS[seen[number].manner[1].english[0]]
        asked["russian"].append(name.russian[0])
        asked["english"].append(name.english[0])
        asked["wider ru"].append(name.wider[0].russian[0])
        asked["wider en"].append(name.wider[0].english[0])
        asked["colour ru"].append(f"{colour.russian[0]} {name.wider[0].russian[0]}")
    return {
        way: [(one, frozenset(n for n, words in enumerate(called) if words.issuperset(lemmas(one)))) for one in several]
        for way, several in asked.items()
    }


def found(corpus: Corpus, asked: Mapping[str, list[Question]], embedder: Embedder) -> dict[str, float]:
    """The share of pictures found, by way to ask."""
    shares = {}
    for way, several in asked.items():
        ranked = rankings(Corpus(corpus.texts, corpus.fields, several), embedder)["fused"]
        each = [
            len({number for number, _ in hits[:TOP]} & gold) / min(TOP, len(gold))
            for hits, (_, gold) in zip(ranked, several, strict=True)
        ]
        shares[way] = round(sum(each) / len(each), 3)
    return shares


def run(embedder: Embedder | None = None, articles: int | None = None) -> list[dict[str, Any]]:
    """One row per language of the texts, without the fields and with them."""
    embedder = embedder or UseEmbedder()
    rows = []
    for language in ("ru", "en"):
        for fields in (False, True):
            corpus, seen = archive(language, articles, fields)
            texts = rankings(corpus, embedder)
            ratios = {leg: _measure(hits, corpus.questions)["nDCG@10"] for leg, hits in texts.items()}
            rows.append({
                "texts": language, "fields": f"{sparse.SHOWN}/{sparse.MANNER}" if fields else "without",
                **found(corpus, questions(seen), embedder),
                **{f"text {leg}": ratio for leg, ratio in ratios.items()},
            })  # fmt: skip
    return rows


def main() -> None:
    """Print the table."""
    rows = run()
    print("  ".join(f"{name:>13}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:>13}" for value in row.values()))


if __name__ == "__main__":
    main()
