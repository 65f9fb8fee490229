"""Shifts on one node: what must be in the drawer, who may sell, and that a power cut changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.domains.shifts.service import Line, Slip
from edge.kernel import meta
from edge.kernel.accounts import Clerk
from edge.kernel.rebuild import dump, rebuild
from sync.domains import EVENTS
from sync.domains.shifts.events import CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.events import CASH
from sync.kernel import operations
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from tests.edge.api import ROLE_NOS, make_api
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench, make_bench, pin_hash

NEXT = Clerk(12, "李明", ("clerk",))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 9), ALL_LEGS))
    found.grant(FERRY_TRIP, counts={0: 5})
    return found


def need_shifts(bench: Bench, place_no: int | None = None, from_day: int = TODAY, required: bool = True) -> None:
    given = OfficeRules("gd", "a notice", from_day, place_no, required, "CNY", 0)
    bench.operate("net", given.key, given.to_bytes())


def logged(bench: Bench, kind: type[Event]) -> list[Event]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for event in (EVENTS.decode(row[0]).event for row in rows) if isinstance(event, kind)]


def opened(bench: Bench, **float_minor: int) -> Slip:
    return bench.node.shifts.open(CLERK_NO, float_minor)


def line(slip: Slip, currency: str = "CNY") -> Line:
    return next(one for one in slip.lines if (one.currency, one.payment) == (currency, "cash"))


def refund(bench: Bench, number: str, reason: str = "station_error") -> None:
    fee = bench.node.refunds.offer(number, reason).fee_minor
    bench.node.refunds.refund(number, reason, fee, CLERK_NO, f"refund-{number}")


def test_a_shift_knows_what_must_be_in_the_drawer(bench: Bench) -> None:
    bench.sell()  # before the shift: no part of it
    shift = opened(bench, CNY=20_000)
    first, _ = bench.sell(), bench.sell(0, 1, trip_no=FERRY_TRIP)
    refund(bench, first.number, "passenger")
    bench.node.shifts.move_cash(CLERK_NO, False, "CNY", 5_000, "deposit", "to-the-bank")
    bench.node.shifts.move_cash(CLERK_NO, True, "CNY", 1_000, "change", "some-coins")
    expected = 20_000 + 3_000 + 4_000 - 2_700 - 5_000 + 1_000
    slip = bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): expected - 50})
    found = line(slip)
    assert (found.float_minor, found.sold, found.sold_minor, found.refunds, found.refunded_minor) == (
        20_000, 2, 7_000, 1, 2_700,
    )  # fmt: skip
    assert (found.paid_in_minor, found.paid_out_minor, found.expected_minor) == (1_000, 5_000, expected)
    assert (found.counted_minor, found.difference_minor) == (expected - 50, -50)
    routes = {part.names.get("en"): (part.sums.sold, part.sums.refunds) for part in slip.by_route}
    assert routes == {"DG": (1, 1), "Duanzhou–Guishan": (1, 0)}
    assert [(part.name, part.sums.sold_minor) for part in slip.by_rider] == [("adult", 7_000)]
    [event] = logged(bench, ShiftClosed)
    assert isinstance(event, ShiftClosed) and event.lines == (("CNY", CASH, expected, expected - 50),)


def test_notes_and_coins_count_where_no_sum_is_given(bench: Bench) -> None:
    shift = opened(bench, CNY=3_000)
    slip = bench.node.shifts.close(shift.shift_no, CLERK_NO, {}, [("CNY", 2_000, 1), ("CNY", 100, 9), ("CNY", 50, 0)])
    assert line(slip).counted_minor == 2_900
    assert slip.pieces == (("CNY", 100, 9), ("CNY", 2_000, 1))


@pytest.mark.parametrize(
    "pieces", [[("CNY", 3_000, 1)], [("XXX", 100, 1)], [("CNY", 100, -1)], [("CNY", 100, 1), ("CNY", 100, 2)]]
)
def test_a_note_that_is_none_is_refused(bench: Bench, pieces: list[tuple[str, int, int]]) -> None:
    shift = opened(bench)
    with pytest.raises(Refusal, match="cash_pieces"):
        bench.node.shifts.close(shift.shift_no, CLERK_NO, {}, pieces)
    assert bench.node.shifts.current(CLERK_NO) is not None


def test_cash_that_nobody_counted_counts_as_none(bench: Bench) -> None:
    shift = opened(bench, HKD=500)
    assert line(bench.node.shifts.close(shift.shift_no, CLERK_NO, {}), "HKD").difference_minor == -500


def test_a_clerk_has_one_shift_at_a_time_and_closing_twice_closes_once(bench: Bench) -> None:
    shift = opened(bench)
    with pytest.raises(Refusal, match="shift_open"):
        opened(bench)
    first = bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): 0})
    bench.sell()
    assert bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): 99}) == first
    assert len(logged(bench, ShiftClosed)) == 1
    assert opened(bench).shift_no == 2
    with pytest.raises(Refusal, match="shift_unknown"):
        bench.node.shifts.close(1, CLERK_NO + 1, {})


def test_the_same_key_moves_cash_once(bench: Bench) -> None:
    opened(bench, CNY=1_000)
    for _ in range(2):
        bench.node.shifts.move_cash(CLERK_NO, False, "CNY", 400, "expense", "the-same-key")
    assert len(logged(bench, CashMoved)) == 1
    for wrong, code in (
        ({"amount_minor": 0}, "cash_amount"), ({"currency": "yuan"}, "cash_amount"), ({"reason": "gift"}, "cash_reason"),
        ({"key": "short"}, "key_form"),
    ):  # fmt: skip
        words = {"into": True, "currency": "CNY", "amount_minor": 1, "reason": "change", "key": "another-key"} | wrong
        with pytest.raises(Refusal, match=code):
            bench.node.shifts.move_cash(CLERK_NO, **words)  # type: ignore[arg-type]


def test_where_a_shift_is_needed_nobody_sells_confirms_or_refunds_without_one(bench: Bench) -> None:
    before = bench.sell()
    waiting = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    need_shifts(bench)
    for act in (
        lambda: bench.sell(),
        lambda: bench.node.ticketing.confirm(waiting.order_no, CLERK_NO),
        lambda: refund(bench, before.number),
        lambda: bench.node.shifts.move_cash(CLERK_NO, True, "CNY", 1, "change", "no-shift-open"),
    ):
        with pytest.raises(Refusal, match="shift_needed"):
            act()
    shift = opened(bench)
    sold = bench.sell()
    bench.node.ticketing.confirm(waiting.order_no, CLERK_NO)
    refund(bench, before.number)
    bench.node.shifts.close(shift.shift_no, CLERK_NO, {})
    ride = (FERRY_TRIP, TODAY, 0, 1)
    rebook = lambda: bench.node.rebooking.rebook(sold.number, ride, None, "passenger", 0, CLERK_NO, "rebook-it")  # noqa: E731
    for act in (bench.sell, lambda: refund(bench, sold.number), rebook):
        with pytest.raises(Refusal, match="shift_needed"):
            act()
    assert [event.rule for event in logged(bench, ShiftOpened)] == ["gd"]  # type: ignore[attr-defined]


def test_a_retry_of_a_sale_that_was_made_gives_its_ticket_also_after_the_close(bench: Bench) -> None:
    need_shifts(bench)
    shift = opened(bench)
    sold = bench.sell(key="before-the-close")
    bench.node.shifts.close(shift.shift_no, CLERK_NO, {})
    assert bench.sell(key="before-the-close").number == sold.number


def test_a_sale_without_a_clerk_needs_no_shift(bench: Bench) -> None:
    need_shifts(bench)
    bench.node.shifts.require_open(bench.node.database.read(), 0)


def test_the_rules_of_the_place_come_before_those_for_all_and_hold_from_their_day_on(bench: Bench) -> None:
    need_shifts(bench)
    need_shifts(bench, place_no=7, required=False)
    assert bench.sell().number
    need_shifts(bench, place_no=8)
    assert bench.sell().number, "another place's"
    need_shifts(bench, place_no=7, from_day=TODAY + 1)
    assert bench.sell().number, "not yet"
    bench.operate("net", f"office/7/{TODAY}", None)
    with pytest.raises(Refusal, match="shift_needed"):
        bench.sell()


def test_the_next_clerk_goes_on_with_what_was_counted(bench: Bench) -> None:
    need_shifts(bench)
    shift = opened(bench, CNY=1_000)
    bench.sell()
    slip = bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): 3_900}, taken_by=NEXT)
    assert (slip.taken_by, line(slip).difference_minor) == (NEXT.clerk_no, -100)
    taken = bench.node.shifts.current(NEXT.clerk_no)
    assert taken is not None
    assert (taken.shift_no, taken.taken_from, line(taken).float_minor) == (2, shift.shift_no, 3_900)
    with pytest.raises(Refusal, match="shift_needed"):
        bench.sell()


@pytest.mark.parametrize(
    ("next_clerk", "code"),
    [(Clerk(CLERK_NO, "陈晓", ("clerk",)), "takeover_self"), (Clerk(13, "门卫", ("gate",)), "takeover_role")],
)
def test_a_drawer_goes_to_another_seller_only(bench: Bench, next_clerk: Clerk, code: str) -> None:
    shift = opened(bench)
    with pytest.raises(Refusal, match=code):
        bench.node.shifts.close(shift.shift_no, CLERK_NO, {}, taken_by=next_clerk)
    assert logged(bench, ShiftClosed) == []


def test_who_has_a_shift_already_takes_no_other_over_and_nothing_is_closed(bench: Bench) -> None:
    shift = opened(bench)
    bench.node.shifts.open(NEXT.clerk_no, {})
    with pytest.raises(Refusal, match="shift_open"):
        bench.node.shifts.close(shift.shift_no, CLERK_NO, {}, taken_by=NEXT)
    assert bench.node.shifts.current(CLERK_NO) is not None


def test_a_power_cut_in_mid_shift_changes_nothing(bench: Bench) -> None:
    shift = opened(bench, CNY=1_000)
    bench.sell()
    before = bench.node.shifts.current(CLERK_NO)
    bench.restart()
    assert bench.node.shifts.current(CLERK_NO) == before
    bench.sell()
    assert line(bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): 7_000})).difference_minor == 0


def test_a_sale_between_the_count_and_the_close_is_in_the_slip(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the shift is read before the transaction; what comes in between must be read inside it."""
    shift, record = opened(bench), bench.node.scribe.record

    def sell_first(work: object) -> object:
        monkeypatch.setattr(bench.node.scribe, "record", record)
        bench.sell()
        return record(work)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.node.scribe, "record", sell_first)
    assert line(bench.node.shifts.close(shift.shift_no, CLERK_NO, {})).expected_minor == 3_000
    [event] = logged(bench, ShiftClosed)
    assert event.lines == (("CNY", CASH, 3_000, 0),)  # type: ignore[attr-defined]


def test_only_the_clerk_and_an_admin_read_a_slip(bench: Bench) -> None:
    shift = opened(bench)
    assert bench.node.shifts.slip(shift.shift_no, Clerk(99, "站长", ("admin",))).clerk_no == CLERK_NO
    with pytest.raises(Refusal, match="shift_unknown"):
        bench.node.shifts.slip(shift.shift_no, NEXT)
    with pytest.raises(Refusal, match="shift_unknown"):
        bench.node.shifts.slip(9, NEXT)


def test_a_barred_box_opens_no_shift(bench: Bench) -> None:
    bench.node.scribe.write(lambda unit: meta.put(unit.connection, hub_status="revoked"))
    with pytest.raises(Refusal, match="box_barred"):
        opened(bench)


def test_the_end_of_a_log_ends_its_shifts(bench: Bench) -> None:
    opened(bench)
    bench.node.scribe.write(lambda unit: domains.end_log(unit.connection, 1))
    assert bench.node.shifts.current(CLERK_NO) is None
    assert opened(bench).shift_no == 1


def test_the_state_is_a_fold_of_the_log_with_shifts_in_it(bench: Bench) -> None:
    need_shifts(bench)
    shift = opened(bench, CNY=100)
    bench.sell()
    bench.node.shifts.close(shift.shift_no, CLERK_NO, {}, taken_by=NEXT)
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    node.scribe.write(
        lambda unit: rebuild(
            unit.connection, node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES,
            domains.STATE_TABLES,
        )
    )  # fmt: skip
    assert dump(node.database.read(), tables) == before


def test_the_second_clerk_signs_in_with_a_pin_of_his_own(tmp_path: Path) -> None:
    api = make_api(tmp_path)
    clerk = operations.Clerk(NEXT.clerk_no, NEXT.name, NEXT.roles, pin_hash())
    api.bench.operate("node/7", f"clerk/{NEXT.clerk_no}", clerk.to_bytes())
    made = api.post("/shifts", {"float": [{"currency": "CNY", "amount_minor": 500}]})
    assert (made.status_code, made.json["clerk_no"]) == (201, ROLE_NOS["clerk"])
    path = f"/shifts/{made.json['shift_no']}"
    body = {
        "counted": [{"currency": "CNY", "amount_minor": 500}],
        "taken_by": {"clerk_no": NEXT.clerk_no, "pin": "0000"},
    }
    refused = api.post(f"{path}/close", body)
    assert (refused.status_code, refused.json["code"]) == (401, "pin_wrong")
    assert api.get(path).json["closed_ms"] is None
    body["taken_by"] = {"clerk_no": NEXT.clerk_no, "pin": "2580"}
    closed = api.post(f"{path}/close", body).json
    assert (closed["taken_by"], closed["lines"][0]["difference_minor"]) == (NEXT.clerk_no, 0)
    assert api.get("/shifts/2", role="admin").json["taken_from"] == 1
