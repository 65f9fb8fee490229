"""Where words stand: no line too wide, nothing lost, a new page where the paper ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from papers import sheets
from papers.layout import PAPERS, Text, pages, wrapped
from papers.sheets import A6, ROLL, SIZES

CHINESE = "一票车站广州珠海，。）A1 -"


def measure(words: str, points: float) -> float:
    """A letter is half as wide as a character of Chinese."""
    return sum(1.0 if ord(letter) > 0x2E80 else 0.5 for letter in words) * points * 0.3528


@given(st.text(CHINESE, max_size=60), st.floats(6, 90))
def test_no_line_is_wider_than_its_paper_and_no_letter_is_lost(words: str, width: float) -> None:
    lines = wrapped(words, 10, width, measure)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(measure(line, 10) <= width for line in lines if len(line) > 1)


@given(st.lists(st.sampled_from(["广", "州", "站", "，", "。"]), min_size=1, max_size=40).map("".join))
def test_a_closing_mark_begins_a_line_only_where_marks_alone_fill_one(words: str) -> None:
    for above, line in zip(*(lambda got: (got, got[1:]))(wrapped("站" + words, 10, 18, measure)), strict=False):
        assert line[0] not in "，。" or set(above[1:]) <= set("，。")


def test_a_word_of_latin_letters_stays_whole() -> None:
    assert wrapped("Please keep this ticket", 10, 25, measure) == ["Please keep", "this ticket"]


def sheet(rows: int) -> sheets.Sheet:
    return (sheets.title("交班缴款单 1"), *(sheets.row(f"线路 {n}", str(n), f"¥{n}.00") for n in range(rows)))


def test_a_long_slip_goes_on_on_another_page_of_a6_and_is_one_piece_of_a_roll() -> None:
    cut, roll = pages(sheet(60), PAPERS[A6], measure), pages(sheet(60), PAPERS[ROLL], measure)
    assert len(cut) > 1 and len(roll) == 1
    assert all((page.width, page.height) == (105, 148) for page in cut)
    assert roll[0].width == 80 and roll[0].height > 148
    for made in (cut, roll):
        words = [mark.words for page in made for mark in page.marks if isinstance(mark, Text)]
        assert [word for word in words if word.startswith("线路")] == [f"线路 {n}" for n in range(60)]


def test_everything_stands_on_the_paper_whatever_its_kind() -> None:
    long = "广东省粤运交通股份有限公司虎门汽车客运总站直通快线" * 3
    everything = (
        sheets.head(long, long), sheets.boxed(long), sheets.code("YP1:1"), sheets.title(long), sheets.when("08:30", long),
        sheets.facts(("座位", "12A"), (long, "¥1.00"), ("证件", long)), sheets.number("1-2-3"), sheets.text(long),
        sheets.fine(long), sheets.caption(long), sheets.row(long, "12", "¥1,234.00"), sheets.total(long, "", "¥1.00"),
        sheets.signatures("售票员", "出纳"),
    )  # fmt: skip
    for size in SIZES:
        paper = PAPERS[size]
        for page in pages(everything, paper, measure):
            for mark in page.marks:
                assert mark.x >= paper.margin and 0 <= mark.y <= page.height - paper.margin + 0.01, (size, mark)
                if isinstance(mark, Text):
                    assert mark.x + measure(mark.words, mark.points) <= page.width - paper.margin + 0.01, (size, mark)
