"""A PDF is its first page, and nothing else that says so is one."""

import io

import pytest

from tests.vision.drawing import encode, photo, screen
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.decode import WORK_SIDE, decode
from tg_assets.vision.local import LocalVision
from tg_assets.vision.pdf import MIME, first_page
from tg_assets.vision.prepare import prepare


def document(*lines: str, size: tuple[int, int] = (900, 1200)) -> bytes:
    """Two pages: the lines, and a photo."""
    buffer = io.BytesIO()
    screen(list(lines), size=size, points=28).save(
        buffer, "PDF", resolution=100.0, save_all=True, append_images=[photo()]
    )
    return buffer.getvalue()


def test_the_first_page_is_read() -> None:
    """Its text is found as in any picture."""
    result = LocalVision().describe(document("Договор поставки", "Invoice number forty two"), MIME)
    assert "Договор" in result.ocr_text
    assert "Invoice" in result.ocr_text
    assert result.context["format"] == "PDF"


def test_a_large_page_is_bounded() -> None:
    """A page of metres is drawn no larger than anything looks at."""
    page = first_page(document("poster", size=(9000, 4000)), WORK_SIDE)
    assert max(page.size) == WORK_SIDE


def test_it_can_be_passed_on() -> None:
    """What a provider elsewhere gets is a JPEG."""
    assert prepare(document("page"), MIME, 512).jpeg.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("data", "mime", "reason"),
    [
        (b"%PDF-1.7\n1 0 obj\n", MIME, Refusal.broken),
        (b"<html>", MIME, Refusal.not_a_picture),
        (encode(photo((30, 20))), MIME, Refusal.not_a_picture),
        (document("a PDF called a picture"), "image/jpeg", Refusal.not_a_picture),
    ],
)
def test_refused(data: bytes, mime: str, reason: Refusal) -> None:
    """By name, and the next one works."""
    with pytest.raises(Refused) as refused:
        decode(data, mime)
    assert refused.value.reason == reason
