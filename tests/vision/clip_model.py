"""A model of its own kind, made for tests: a picture is its mean colour, a word the colour that it names."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WORDS = ["[PAD]", "[UNK]", "red", "красный", "green", "зелёный", "blue", "синий"]
COLOURS = [(0, 0, 0), (0, 0, 0), (1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1)]
SIDE, LENGTH = 16, 6


def make(folder: Path, *, length: int | str = LENGTH, **config: object) -> Path:
    """Its four files; ``length`` is how many words the text model wants, a name where it takes any."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    vector = helper.make_tensor_value_info("embeds", TensorProto.FLOAT, [1, 3])
    mean = helper.make_node("ReduceMean", ["pixel_values"], ["embeds"], axes=[2, 3], keepdims=0)
    _save(folder / "image.onnx", helper.make_graph([mean], "image", [pixels], [vector]))
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, length])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [1, length])
    table = numpy_helper.from_array(np.array(COLOURS, np.float32), "table")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["seen"], ["any"], axes=[1], keepdims=1),
        helper.make_node("ReduceMax", ["words"], ["sum"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["sum", "any"], ["embeds"]),
    ]
    _save(folder / "text.onnx", helper.make_graph(nodes, "text", [ids, mask], [vector], [table]))
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    given = {"size": SIDE, "dimension": 3, "mean": [0, 0, 0], "std": [1, 1, 1], "unlikely": 0.7, "likely": 0.95}
    (folder / "clip.json").write_text(json.dumps(given | config), "utf-8")
    return folder


def _save(path: Path, graph: object) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    save(model, path)
