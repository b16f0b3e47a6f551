"""The models of the extra ``vision``: right on a plain example, silent when unsure, absent when not themselves."""

from dataclasses import replace

import matplotlib.cbook
import pytest
from PIL import Image

from tests.vision.drawing import encode, photo, screen
from tg_assets.vision import objects
from tg_assets.vision.local import LocalVision
from tg_assets.vision.objects import COCO, Models, objects_tag

pytestmark = pytest.mark.skipif(not objects_tag(), reason="the extra vision is not installed")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


def portrait() -> Image.Image:
    """A woman in uniform: the photo that comes with matplotlib."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return Image.open(file).convert("RGB")


def test_a_person_is_seen(models: Models) -> None:
    """With a score; nothing below the thresholds."""
    recognised = models.recognise(portrait())
    assert recognised.objects["person"] > 0.5
    assert all(score >= objects.MIN_LABEL for score in recognised.labels.values())


def test_noise_shows_nothing(models: Models) -> None:
    """No object in blobs of colour, nor in strips a pixel wide."""
    for image in (photo(), Image.new("RGB", (1, 3000)), Image.new("RGB", (3000, 1))):
        assert models.recognise(image).objects == {}


def test_ids_of_coco_are_where_they_belong() -> None:
    """Ids have gaps; one slip renames everything after it."""
    assert len(COCO) == 90
    assert [COCO[number - 1] for number in (1, 13, 17, 37, 62, 90)] == [
        "person",
        "stop sign",
        "cat",
        "sports ball",
        "chair",
        "toothbrush",
    ]


def test_what_is_seen_is_part_of_the_result() -> None:
    """Named in the sentence and the objects; a screen is not asked about, the models learned from photos."""
    local = LocalVision()
    result = local.describe(encode(portrait(), "JPEG"), "image/jpeg")
    assert "person" in result.objects
    assert "showing person" in result.description
    assert local.version.endswith("+efficientnet-lite3+ssd-mobilenet2")
    assert local.describe(encode(screen(["Отчёт о продажах"])), "image/png").objects == []


def test_a_file_of_another_content_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither loaded nor named in the version."""
    monkeypatch.setattr(objects, "GRAPH", replace(objects.GRAPH, sha256="0" * 64))
    assert objects_tag() == "efficientnet-lite3"
    assert Models().recognise(portrait()).objects == {}
    monkeypatch.setattr(objects, "importable", lambda *modules: False)
    assert objects_tag() == ""
    assert LocalVision().version == f"local@3+{LocalVision().status.tag}"
