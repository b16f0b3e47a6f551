"""The first page of a PDF as a picture, drawn by PDFium.

Only a worker (``sandbox``) calls it: a document is a program of strangers. What does not belong here: its text, which
is read from the picture like any other.
"""

from typing import TYPE_CHECKING

from tg_assets.sandbox.provider import Refusal, Refused

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MIME = "application/pdf"
POINTS_PER_INCH, DOTS_PER_INCH = 72, 150


def first_page(data: bytes, side: int) -> "PILImage":
    """RGB pixels of the first page at 150 dots an inch, less when its longest side would be more than ``side``.

    Raises ``Refused`` for what PDFium cannot open, a password included, and for a document without pages.
    """
    import pypdfium2 as pdfium

    if not data.startswith(b"%PDF-"):
        raise Refused(Refusal.not_a_picture, "does not begin like a PDF")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Refused(Refusal.broken, f"PDFium: {str(error)[:120]}") from None
    try:
        if not len(document):
            raise Refused(Refusal.empty, "no pages")
        page = document[0]
        longest = max(page.get_size())
        if longest <= 0:
            raise Refused(Refusal.broken, "a page without a size")
        scale = min(DOTS_PER_INCH / POINTS_PER_INCH, side / longest)
        drawn: PILImage = page.render(scale=scale, may_draw_forms=False).to_pil()
        return drawn.convert("RGB")
    except pdfium.PdfiumError as error:
        raise Refused(Refusal.broken, f"PDFium: {str(error)[:120]}") from None
    finally:
        document.close()
