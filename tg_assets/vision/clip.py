"""A model of one's own that puts pictures and words into one space (CLIP, SigLIP and the like), as ONNX files.

``TG_CLIP`` names a folder with ``image.onnx`` (float pixels [1, 3, size, size] to a vector), ``text.onnx``
(``input_ids`` [1, n], and ``attention_mask`` if it wants one, to a vector), ``tokenizer.json`` of the ``tokenizers``
library, and ``clip.json`` (``Config``). None comes with the project. What does not belong here: where vectors are kept,
decoding what strangers sent (it is given what ``prepare`` made).
"""

import hashlib
import importlib
import io
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tg_assets.errors import WrongSetting
from tg_assets.vision.models import importable

FILES = ("clip.json", "image.onnx", "text.onnx", "tokenizer.json")


class Config(BaseModel):
    """How pixels and words are made ready: side in pixels, mean and deviation of each colour 0…1, words at most.

    From cosine ``likely`` on a picture is what was meant, up to ``unlikely`` it is not; the values are OpenAI's CLIP's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=1024)
    dimension: int = Field(ge=1, le=4096)
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    context: int = Field(default=77, ge=1, le=1024)
    pad: int = Field(default=0, ge=0)
    unlikely: float = Field(default=0.2, ge=-1, le=1)
    likely: float = Field(default=0.3, ge=-1, le=1)


class Clip:
    """The model of a folder, loaded when it is first asked. Vectors are of length 1. Safe to call from threads.

    Raises TgAssetsError when a file is missing or is not what it should be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise WrongSetting(f"TG_CLIP: {folder} has no {', '.join(missing)}; see docs/models.md.")
        if not importable("onnxruntime", "tokenizers"):
            raise WrongSetting("TG_CLIP needs the extra clip: `.venv/bin/uv pip install '.[clip]'`.")
        try:
            self.config = Config.model_validate_json((folder / "clip.json").read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise WrongSetting(f"TG_CLIP: clip.json is not usable: {key}: {first['msg']}.") from None

    @cached_property
    def tag(self) -> str:
        """Names the model by its files' content: another model, or configuration, is another."""
        digest = hashlib.sha256()
        for name in FILES:
            with (self._folder / name).open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()[:12]

    def image(self, jpeg: bytes) -> list[float]:
        """The vector of a picture."""
        import numpy as np
        from PIL import Image, ImageOps

        side = self.config.size
        with Image.open(io.BytesIO(jpeg)) as picture:
            fitted = ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.BICUBIC)
        pixels = np.asarray(fitted, dtype=np.float32) / 255
        mean, std = (np.array(given, dtype=np.float32) for given in (self.config.mean, self.config.std))
        scaled = (pixels - mean) / std
        (pixel_input,) = self._image.get_inputs()
        return self._vector(self._image, {pixel_input.name: scaled.transpose(2, 0, 1)[None]})

    def text(self, query: str) -> list[float]:
        """The vector of a question."""
        import numpy as np

        encoded = self._tokenizer.encode(query)
        given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask}
        inputs = {one.name: np.array([given[one.name]], dtype=np.int64) for one in self._text.get_inputs()}
        return self._vector(self._text, inputs)

    def chance(self, cosine: float) -> float:
        """Chance 0…1 that a picture at this cosine of a question is meant."""
        span = max(self.config.likely - self.config.unlikely, 1e-6)
        return min(1.0, max(0.0, (cosine - self.config.unlikely) / span))

    def _vector(self, session: Any, inputs: dict[str, Any]) -> list[float]:
        import numpy as np

        for output in session.run(None, inputs):
            if output.shape == (1, self.config.dimension):
                vector = output[0].astype(np.float64)
                return [float(part) for part in vector / (np.linalg.norm(vector) or 1.0)]
        raise WrongSetting(f"TG_CLIP: no output of the model is a vector of {self.config.dimension} numbers.")

    @cached_property
    def _image(self) -> Any:
        return self._session("image.onnx")

    @cached_property
    def _text(self) -> Any:
        return self._session("text.onnx")

    def _session(self, name: str) -> Any:
        runtime = importlib.import_module("onnxruntime")
        try:
            return runtime.InferenceSession(str(self._folder / name), providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - the runtime has a dozen kinds
            raise WrongSetting(f"TG_CLIP: {name} cannot be loaded ({type(error).__name__}).") from None

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        length = next(one.shape[1] for one in self._text.get_inputs() if one.name == "input_ids")
        if isinstance(length, int):  # it wants just so many
            tokenizer.enable_padding(length=length, pad_id=self.config.pad)
        tokenizer.enable_truncation(length if isinstance(length, int) else self.config.context)
        return tokenizer
