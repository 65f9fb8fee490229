"""Lets every reader of PDF find the words again where a font numbers its characters itself (CID-keyed, as Noto CJK does).

fpdf2 gives the characters of a file its own numbers and adds a table from those to the font's. Browsers read that table, but
several programs that search or index PDF skip it and find nothing. Here the numbers are the font's own from the beginning, so
that the plain encoding "Identity-H" holds and no table is needed.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap
from fpdf.output import OutputProducer, PDFFont
from fpdf.syntax import Name

IDENTITY: Final = "Identity-H"
_NUMBERED: Final = re.compile(r"cid(\d{1,5})")


class _OwnNumbers(SubsetMap):
    """The characters in use, each under the number that the font has for it."""

    def __init__(self, font: Any) -> None:
        super().__init__(font)
        reserved, self._char_id_per_glyph = list(self._char_id_per_glyph), {}
        for glyph in reserved:
            self.pick_glyph(glyph)

    def pick_glyph(self, glyph: Glyph | None) -> int | None:
        """As the one that is replaced: the number of a character, 0 for one that the font has not."""
        if glyph is None:
            return None
        found = _NUMBERED.fullmatch(glyph.glyph_name)
        return self._char_id_per_glyph.setdefault(glyph, int(found[1]) if found else 0)


class _Plain(OutputProducer):
    """Writes fonts without a table of numbers."""

    def _add_fonts(self, *args: Any, **more: Any) -> Any:
        made = super()._add_fonts(*args, **more)
        for one in self.pdf_objs:
            if isinstance(one, PDFFont) and one.subtype == "Type0":
                one.encoding = Name(IDENTITY)
        return made


def number_plainly(pdf: FPDF, family: str) -> type[OutputProducer]:
    """Prepare the font ``family`` before anything is written in it; gives what :meth:`FPDF.output` is to be made by."""
    font: Any = pdf.fonts[family]
    if not (font.is_cff and font.is_cid_keyed):
        return OutputProducer
    font.subset = _OwnNumbers(font)
    return _Plain
