"""A clerk's shift on the page: open, sell, count, hand over, and the slip that goes with the money."""

from __future__ import annotations

import pytest

from edge.domains.shifts.service import Slip
from sync.domains.shifts.operations import OfficeRules
from sync.kernel.operations import Clerk
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, PIN, TODAY, Bench, pin_hash

NEXT_NO = 12


@pytest.fixture(autouse=True)
def needed(bench: Bench) -> None:
    given = OfficeRules("gd", "a notice", TODAY, None, True, "CNY", 0)
    bench.operate("net", given.key, given.to_bytes())
    bench.operate("node/7", f"clerk/{NEXT_NO}", Clerk(NEXT_NO, "李明", ("clerk",), pin_hash()).to_bytes())


def current(bench: Bench, clerk_no: int = CLERK_NO) -> Slip | None:
    return bench.node.shifts.current(clerk_no)


def test_a_day_at_the_drawer(bench: Bench, clerk: Person) -> None:
    page = clerk.see("/clerk/shift")
    assert "开班" in page.text
    assert clerk.send("/clerk/shift/open", float_CNY="200").path == "/clerk"
    bench.sell()
    page = clerk.see("/clerk/shift")
    assert "点钱交班" in page.text and "230.00" not in page.text, "what should be there is shown after the count"
    clerk.send("/clerk/shift/cash", way="out", currency="CNY", amount="50", reason="deposit", key="page-drawn-key")
    clerk.see("/clerk/shift")
    slip = clerk.send("/clerk/shift/1/close", piece_CNY_10000="1", piece_CNY_5000="1", piece_CNY_1000="2")
    assert slip.path == "/clerk/shift/1/slip"
    for text in (
        "交班缴款单 1",
        "备用金",
        "¥200.00",
        "-¥50.00",
        "¥180.00",
        "¥170.00",
        "-¥10.00",
        "成人",
        "端广线",
        "陈晓",
    ):
        assert text in slip.text, text
    assert current(bench) is None
    assert "第 1 班" in clerk.see("/clerk/shift").text
    assert clerk.see("/clerk/shift/9/slip").status == 404


def test_a_sale_without_a_shift_says_what_to_do_beside_the_form(bench: Bench, clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?trip=101&day={TODAY}&from=0&to=4")
    refused = clerk.send("/clerk/sell", trip="101", day=str(TODAY), **{"from": "0", "to": "4"}, key="k" * 16)
    assert refused.status == 409 and "请先开班" in refused.text


def test_the_form_sent_twice_opens_one_shift(bench: Bench, clerk: Person) -> None:
    form = clerk.see("/clerk/shift").form("/clerk/shift/open")
    for _ in range(2):
        assert clerk.post(form.action, {**form.values, "float_CNY": "1"}).path == "/clerk"
    found = current(bench)
    assert found is not None and found.shift_no == 1


def test_a_colleague_takes_over_with_a_pin_of_his_own(bench: Bench, clerk: Person) -> None:
    clerk.see("/clerk/shift")
    clerk.send("/clerk/shift/open", float_CNY="200")
    clerk.see("/clerk/shift")
    refused = clerk.send("/clerk/shift/1/close", sum_CNY="200", next_clerk=str(NEXT_NO), pin="0000")
    assert refused.status == 401 and 'id="pin-problem"' in refused.html and 'value="0000"' not in refused.html
    assert 'value="200"' in refused.html, "what was counted is not lost"
    assert current(bench) is not None
    slip = clerk.send("/clerk/shift/1/close", sum_CNY="200", next_clerk=str(NEXT_NO), pin=PIN)
    assert "李明（12）接班" in slip.text
    taken = current(bench, NEXT_NO)
    assert taken is not None and taken.taken_from == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"sum_CNY": "abc"}, "sum_CNY"), ({"piece_CNY_10000": "x"}, "piece_CNY_10000"),
     ({"next_clerk": str(CLERK_NO), "pin": PIN}, "next_clerk")],
)  # fmt: skip
def test_a_mistake_stands_beside_its_field(bench: Bench, clerk: Person, typed: dict[str, str], field: str) -> None:
    clerk.see("/clerk/shift")
    clerk.send("/clerk/shift/open")
    clerk.see("/clerk/shift")
    refused = clerk.send("/clerk/shift/1/close", **typed)
    assert refused.status == 422 and f'id="{field}-problem"' in refused.html
    assert current(bench) is not None


def test_nobody_closes_or_reads_the_shift_of_another(bench: Bench, clerk: Person) -> None:
    bench.node.shifts.open(NEXT_NO, {"CNY": 5_000})
    values = clerk.see("/clerk/shift").form("/clerk/shift/open").values
    assert clerk.post("/clerk/shift/1/close", {**values, "sum_CNY": "0"}).status == 404
    assert clerk.see("/clerk/shift/1/slip").status == 404
    assert current(bench, NEXT_NO) is not None
