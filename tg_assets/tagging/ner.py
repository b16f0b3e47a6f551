"""slovnet's model of named entities, evaluated over many texts at once: the spans it finds, six times as fast.

Tokens, weights, layers and the decoding are slovnet's; how they are computed is not. Its own evaluation pads eight
texts to the longest and multiplies every occurrence of a word. Here texts stand one after the other with an empty row
between them, which is all that a window of three words needs to see of an end; what the first layer, two thirds of the
work, makes of a word is made once for all its occurrences; and one step of the decoding serves all texts that are long
enough. What does not belong here: which files the model is, what is done with spans.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]

AT_ONCE = 1 << 12
"""Tokens from which on a batch is full; it takes about 6 kB of memory for each."""


# A Russian word and a mark are two tokens whatever is beside them; most of a text is such.
_PLAIN = re.compile("([а-яё]+)([,.?!:;)]?)", re.IGNORECASE)


class Model:
    """Evaluates ``ner``, a ``slovnet.NER`` that has its embeddings."""

    def __init__(self, ner: Any) -> None:
        import numpy as np

        self._encoder, self._decoder, model = ner.infer.encoder, ner.infer.decoder, ner.infer.model
        self._word, self._shape = model.emb.word, model.emb.shape
        self._layers = [_Layer(layer) for layer in model.encoder.layers]
        self._proj, self._transitions = model.head.proj, model.head.crf.transitions.array
        self._outside = self._decoder.tags_vocab.items.index("O")
        self._shapes = len(self._shape.weight.array)
        self._dimensions = np.arange(self._word.codes.array.shape[0])
        self._key = lru_cache(maxsize=1 << 16)(self._encoded)

    def spans(self, texts: Sequence[str]) -> Iterator[list[Any]]:
        """Spans of each text as slovnet has them: ``start``, ``stop``, ``type``."""
        batch: list[tuple[str, list[str]]] = []
        size = 0
        for text in texts:
            batch.append((text, tokens(text)))
            size += len(batch[-1][1])
            if size >= AT_ONCE:
                yield from self._spans(batch)
                batch, size = [], 0
        if batch:
            yield from self._spans(batch)

    def _encoded(self, token: str) -> int:
        """Word and shape of a token as one number."""
        (word,), (shape,) = self._encoder.item([token])
        return int(word) * self._shapes + int(shape)

    def _spans(self, batch: Sequence[tuple[str, list[str]]]) -> Iterator[list[Any]]:
        import numpy as np
        from slovnet.markup import BIOMarkup  # type: ignore[import-untyped]

        lengths = np.array([len(words) for _, words in batch])
        starts = np.cumsum(lengths + 1) - lengths  # behind an empty row each
        rows = np.zeros(int(lengths.sum()) + len(batch) + 1, dtype=np.int64)
        filled = np.ones(len(rows), dtype=bool)
        filled[0] = filled[starts + lengths] = False
        distinct, rows[filled] = np.unique(
            [self._key(word) for _, words in batch for word in words], return_inverse=True
        )
        path = self._decoded(self._emissions(distinct, rows, ~filled), starts, lengths)
        for (text, words), start, length in zip(batch, starts.tolist(), lengths.tolist(), strict=True):
            tags = path[start : start + length]
            if (tags == self._outside).all():
                yield []
            else:
                tuples = zip(words, map(self._decoder.tags_vocab.decode, tags), strict=True)
                yield list(BIOMarkup.from_tuples(tuples).to_span(text).spans)

    def _emissions(self, distinct: "Numbers", rows: "Numbers", empty: "NDArray[np.bool_]") -> "Floats":
        """Scores of each tag for each row; ``rows`` are places in ``distinct``, of no meaning where it is empty."""
        import numpy as np

        words, shapes = np.divmod(distinct.astype(np.int64), self._shapes)
        codes = self._word.codes.array[self._dimensions, self._word.indexes.array[words]]
        embedded = np.concatenate((codes.reshape(len(words), -1), self._shape.weight.array[shapes]), axis=1)
        first, *others = self._layers
        known = np.concatenate((first.multiplied(embedded), np.zeros((1, first.weight.shape[1]), np.float32)))
        x = first.finished(known[np.where(empty, len(words), rows)], empty)
        for layer in others:
            x = layer.finished(layer.multiplied(x), empty)
        scores: Floats = x @ self._proj.weight.array + self._proj.bias.array
        return scores

    def _decoded(self, emissions: "Floats", starts: "Numbers", lengths: "Numbers") -> "Numbers":
        """The best tag of each row by Viterbi's algorithm, all texts a step at a time, the longest first."""
        import numpy as np

        path = np.full(len(emissions), self._outside)
        order = np.argsort(-lengths, kind="stable")
        starts, lengths = starts[order], lengths[order]
        longer = [int(np.searchsorted(-lengths, -step)) for step in range(int(lengths[0]) + 1)]  # than ``step`` tokens
        score = emissions[starts[: longer[0]]]
        came: list[Numbers] = []
        for step in range(1, int(lengths[0])):
            some = longer[step]
            ways = score[:some, :, None] + self._transitions + emissions[starts[:some] + step][:, None, :]
            came.append(ways.argmax(axis=1))
            score[:some] = ways.max(axis=1)
        best = score.argmax(axis=1)
        for step in range(int(lengths[0]) - 1, 0, -1):
            some = longer[step]
            path[starts[:some] + step] = best[:some]
            best[:some] = came[step - 1][np.arange(some), best[:some]]
        path[starts[: longer[0]]] = best
        return path


class _Layer:
    """A convolution over three words, what is negative cut off, and a scale and a shift."""

    def __init__(self, layer: Any) -> None:
        import numpy as np

        filters, size, width = layer.conv.weight.shape
        if (width, layer.conv.padding) != (3, 1):
            raise ValueError(f"A window of {width} words, {layer.conv.padding} beyond the end, is not this model's.")
        self.size = filters
        self.weight = np.ascontiguousarray(layer.conv.weight.array.transpose(1, 2, 0).reshape(size, width * filters))
        self.bias = layer.conv.bias.array
        norm = layer.norm
        self.scale = norm.weight.array / norm.std.array
        self.shift = norm.bias.array - norm.mean.array * self.scale

    def multiplied(self, x: "Floats") -> "Floats":
        """What each row gives to the row after it, to itself and to the one before, side by side."""
        made: Floats = x @ self.weight
        return made

    def finished(self, given: "Floats", empty: "NDArray[np.bool_]") -> "Floats":
        """The layer's rows out of what each gives to its neighbours; nothing in an empty one."""
        import numpy as np

        size = self.size
        x: Floats = given[:, size : 2 * size] + self.bias
        x[1:] += given[:-1, :size]
        x[:-1] += given[1:, 2 * size :]
        np.maximum(x, 0, out=x)
        x *= self.scale
        x += self.shift
        x[empty] = 0
        return x


def tokens(text: str) -> list[str]:
    """Tokens as razdel divides a text."""
    parts = text.split()
    last = len(parts) - 1
    found: list[str] = []
    for n, part in enumerate(parts):
        if plain := _PLAIN.fullmatch(part):
            found += filter(None, plain.groups())
        else:
            before, after = _kind(parts[n - 1][-1]) if n else "", _kind(parts[n + 1][0]) if n < last else ""
            found += _divided(before, part, after)
    return found


@lru_cache(maxsize=1 << 16)
def _divided(before: str, part: str, after: str) -> tuple[str, ...]:
    """Tokens of what is between two blanks. Of their neighbours razdel's rules ask only the kind: «10 -» and «- 10»."""
    from razdel import tokenize  # type: ignore[import-untyped]

    found = [token.text for token in tokenize(f"{before} {part} {after}")]
    return tuple(found[bool(before) : len(found) - bool(after)])


@lru_cache(maxsize=1 << 12)
def _kind(character: str) -> str:
    """A character of the same kind to razdel's rules: a digit, a mark, or neither."""
    from razdel.segmenters.tokenize import ATOM, INT, PUNCT  # type: ignore[import-untyped]

    return {INT: "1", PUNCT: ","}.get(ATOM.match(character).lastgroup, "a")
