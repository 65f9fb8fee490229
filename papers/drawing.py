"""Draws one job as PDF: a program of its own, ``python -m papers.drawing``, a job on its input and the PDF on its output.

Of the font only the letters that are used go into the file, with what each of them means, so that a reader finds and copies
the words. It holds no date and nothing of this machine: the same job gives the same words on the same places.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
from typing import Final

from fontTools.ttLib import TTCollection
from fpdf import FPDF
from fpdf.enums import TextMode

from papers.characters import number_plainly
from papers.layout import PAPERS, Code, Frame, Mark, Page, Rule, Text, pages
from papers.sheets import Job, decode
from sync.kernel import qr

# Whoever started this cuts it off sooner; this is for when nobody is left to do that.
SECONDS: Final = 60
MEMORY_BYTES: Final = 1 << 30
LESS_URGENT: Final = 10
FAMILY: Final = "paper"
COLLECTIONS: Final = (".ttc", ".otc")
# Which face of a font with many suits readers of a language: each writes some characters in its own way.
FACES: Final = {"zh-Hant": (" TC", " HK", " SC"), "zh-Hans": (" SC",), "en": (" SC",)}
_FULL_NAME: Final = 4
_RULE_MM: Final = 0.25
_BOLD_MM_A_POINT: Final = 0.011
BLACK: Final = "#000000"


def draw(job: Job, font: str) -> bytes:
    """The PDF of ``job`` in the letters of the file ``font``."""
    pdf = FPDF(unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_title(job.title)
    pdf.set_lang(job.language)
    pdf.add_font(FAMILY, "", font, collection_font_number=face(font, job.language))
    producer = number_plainly(pdf, FAMILY)
    pdf.set_font(FAMILY, size=10)

    def measure(words: str, points: float) -> float:
        pdf.set_font_size(points)
        return float(pdf.get_string_width(words))

    for sheet in job.sheets:
        for page in pages(sheet, PAPERS[job.size], measure):
            _add(pdf, page)
    return bytes(pdf.output(output_producer_class=producer))


def face(font: str, language: str) -> int:
    """Which face of the file to take for a language; 0 where it has but one."""
    if not font.lower().endswith(COLLECTIONS):
        return 0
    with TTCollection(font, lazy=True) as collection:
        names = [str(one["name"].getDebugName(_FULL_NAME)) for one in collection.fonts]
    endings = FACES.get(language, ())
    return next((i for ending in endings for i, name in enumerate(names) if f"{ending} " in f"{name} "), 0)


def _add(pdf: FPDF, page: Page) -> None:
    pdf.add_page(format=(page.width, page.height))
    pdf.set_line_width(_RULE_MM)
    for mark in page.marks:
        _mark(pdf, mark)


def _mark(pdf: FPDF, mark: Mark) -> None:
    if isinstance(mark, Text):
        pdf.set_font_size(mark.points)
        if mark.bold:  # a stroke around the letters: a bold font would be twenty megabytes more to read
            with pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=mark.points * _BOLD_MM_A_POINT):
                pdf.text(mark.x, mark.y, mark.words)
        else:
            pdf.text(mark.x, mark.y, mark.words)
    elif isinstance(mark, Rule):
        pdf.line(mark.x, mark.y, mark.x + mark.width, mark.y)
    elif isinstance(mark, Frame):
        pdf.rect(mark.x, mark.y, mark.width, mark.height)
    else:
        _code(pdf, mark)


def _code(pdf: FPDF, mark: Code) -> None:
    """Black runs of each row as one shape: sharp on every printer, a fraction of a picture's size, and no hair of white
    where two of them meet."""
    rows = qr.modules(mark.words)
    side = mark.side / len(rows)
    with pdf.new_path() as path:
        path.style.fill_color, path.style.stroke_color = BLACK, None
        for y, row in enumerate(rows):
            x = 0
            while x < len(row):
                end = next((i for i in range(x, len(row)) if row[i] != row[x]), len(row))
                if row[x]:
                    path.rectangle(mark.x + x * side, mark.y + y * side, (end - x) * side, side)
                x = end


def confine() -> None:
    """Let this process end by itself, take no more than its share, and write into no file: not a word of a ticket stays."""
    signal.alarm(SECONDS)
    for limit, most in (
        (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(limit, (most, most))
    os.nice(LESS_URGENT)
    logging.disable()


def main() -> int:
    """Input to output. Of what goes wrong only its kind is said: a message might repeat words of a ticket."""
    confine()
    try:
        made = draw(*decode(sys.stdin.buffer.read()))
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
