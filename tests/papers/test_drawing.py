"""What comes out of the press: words that are found again, in a font that stands in the file, and a code that is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from papers import sheets
from papers.drawing import draw, face
from papers.press import Press
from papers.sheets import A6, ROLL, SIZES, Job
from sync.catalogue import LANGUAGES
from tests.support.pdf import Pdf, font
from tests.tooling.tree import ROOT

CODE = "YP1:" + "A8BCD0EF" * 24
TICKET = (
    sheets.head("一票", "虎门直通线"), sheets.boxed("补打第 2 份"), sheets.code(CODE),
    sheets.title("廣州南 → Zhuhai 珠海"), sheets.when("08:30", "2026年11月27日星期五"),
    sheets.facts(("座位", "12A"), ("票价", "¥45.00")), sheets.number("440100-012-7-1-42-77"), sheets.fine("请保管好车票。"),
)  # fmt: skip
SAID = ("一票", "虎门直通线", "补打第 2 份", "廣州南 → Zhuhai 珠海", "08:30", "12A", "¥45.00", "440100-012-7-1-42-77")


@pytest.fixture
def press() -> Press:
    font()
    return Press("", threads=8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_code_are_found_again(press: Press, size: str, language: str) -> None:
    with press.turn() as make:
        made = Pdf(make(Job((TICKET,), size, language, "车票")))
    assert [said for said in SAID if said not in made.text] == []
    assert made.codes == [[CODE]]
    width, height = made.sizes_mm[0]
    assert (width, height) == (105, 148) if size == A6 else width == 80


def test_the_file_holds_the_letters_in_use_and_no_others(press: Press) -> None:
    with press.turn() as make:
        made = Pdf(make(Job((TICKET,) * 3, ROLL, "zh-Hans", "车票")))
    assert len(made.pages) == 3 and made.codes == [[CODE]] * 3
    assert made.fonts and all(made.fonts.values()), "no reader needs a font of its own"
    assert made.bytes < 100_000 < Path(font()).stat().st_size


@pytest.mark.parametrize(("language", "ending"), [("zh-Hans", "SC"), ("zh-Hant", "TC")])
def test_a_font_of_many_faces_gives_each_script_its_own(press: Press, language: str, ending: str) -> None:
    if not press.font.endswith("NotoSansCJK-Regular.ttc"):
        pytest.skip(f"no Noto CJK here, {press.font} instead")
    with press.turn() as make:
        made = Pdf(make(Job((TICKET,), A6, language, "车票")))
    assert [name for name in made.fonts if name.endswith(ending)], made.fonts


def test_a_font_of_the_other_kind_is_embedded_as_well(tmp_path: Path) -> None:
    """TrueType, with a single face: as WenQuanYi and Droid have it."""
    path, letters = tmp_path / "small.ttf", "票一2-"
    names = [".notdef", "space", *(f"uni{ord(letter):04X}" for letter in letters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space", **{ord(letter): f"uni{ord(letter):04X}" for letter in letters}})
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 800))
    pen.lineTo((800, 800))
    pen.closePath()
    glyph = pen.glyph()
    builder.setupGlyf(dict.fromkeys(names, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Small", "styleName": "Regular", "psName": "Small-Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    assert face(str(path), "zh-Hans") == 0
    made = Pdf(draw(Job(((sheets.title("一票 22-2"),),), A6, "zh-Hans", "票"), str(path)))
    assert made.text == "一票 22-2" and all(made.fonts.values())


def test_the_process_that_draws_can_write_no_file(tmp_path: Path) -> None:
    target = tmp_path / "leak"
    write = f"print('a name', file=open({str(target)!r}, 'w'), flush=True)"
    for before, said in (("", 0), ("from papers.drawing import confine; confine();", 1)):
        done = subprocess.run([sys.executable, "-c", before + write], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == said, done.stderr.decode()
        assert target.read_text() == ("" if said else "a name\n")
        target.write_text("")
