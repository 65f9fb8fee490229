"""What a person finds in a PDF: its words as a reader of PDF gives them back, and the codes as a camera sees them."""

from __future__ import annotations

import re

import pypdfium2
import pytest
import zxingcpp

from papers import fonts

DOTS_A_POINT = 3
MM_A_POINT = 25.4 / 72


def font() -> str:
    """The machine's font for Chinese; the test is skipped, and named in the summary, where there is none."""
    found = fonts.find("")
    if not found:
        pytest.skip(f"no font for Chinese: `./yipiao test` as root installs {fonts.PACKAGE}")
    return found


class Pdf:
    """A PDF that was made."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"%PDF-"), data[:200]
        self.bytes = len(data)
        self._document = pypdfium2.PdfDocument(data)

    @property
    def sizes_mm(self) -> list[tuple[int, int]]:
        """Width and height of each page."""
        sizes = [page.get_size() for page in self._document]
        return [(round(width * MM_A_POINT), round(height * MM_A_POINT)) for width, height in sizes]

    @property
    def pages(self) -> list[str]:
        """The words of each page, single spaces between them."""
        texts = [page.get_textpage().get_text_range() for page in self._document]
        return [re.sub(r"\s+", " ", text).strip() for text in texts]

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(self.pages)

    @property
    def codes(self) -> list[list[str]]:
        """What the QR codes of each page say, read from its picture."""
        pictures = [page.render(scale=DOTS_A_POINT).to_pil() for page in self._document]
        return [[found.text for found in zxingcpp.read_barcodes(picture)] for picture in pictures]

    @property
    def fonts(self) -> dict[str, bool]:
        """Fonts of the words, and whether each stands in the file itself."""
        things = [thing for page in self._document for thing in page.get_objects()]
        found = [thing.get_font() for thing in things if isinstance(thing, pypdfium2.PdfTextObj)]
        return {font.get_base_name(): font.is_embedded for font in found}
