"""Ten ways to cheat at a counter, as a clerk with our software would try them and as a box that obeys nobody would write them.
Each is refused at the box or told by name at the console; the honest act beside it is neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.shifts.service import worth_telling
from cloud.kernel import alerts
from edge.kernel.accounts import Clerk
from sync.domains import EVENTS
from sync.domains.boarding.events import BoardingRefused
from sync.domains.shifts.events import ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.events import (
    CASH,
    MOBILE,
    REASONS,
    REISSUED,
    TicketPrinted,
    TicketRefunded,
    TicketReissued,
    TicketSold,
)
from sync.kernel.errors import Refusal
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, START_MS, Box, World
from tests.domains.ticketing.test_fare_cloud import world
from tests.edge.api import RIDE, make_api
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, TODAY, Bench, make_bench

__all__ = ["world"]
CLERK, OTHER = 1, 2
STATION_ERROR = REASONS.index("station_error")
HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path / "node")
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 9), ALL_LEGS))
    return found


@pytest.fixture
def box(world: World) -> Iterator[Box]:
    """A box that writes whatever its owner likes, with seats to sell."""
    found = world.box("counter")
    world.grant(found, 7, 20)
    yield found


def told(world: World, box: Box) -> list[tuple[str, int]]:
    """Names of the alerts on the console, each with the clerk whom it is about, once the hub has the box's log."""
    box.visit()
    with world.hub.database.read() as tx:
        return [(one.code, one.clerk_no) for one in reversed(alerts.every(tx, worth_telling(tx, DAY)))]


def id_of(box: Box, serial: int) -> bytes:
    return TicketId(box.node_no, box.epoch, serial).to_bytes()


def give_back(box: Box, serial: int, reason: int = 0, fee_minor: int = 0, clerk_no: int = CLERK, **more: Any) -> int:
    """The refund of a whole ticket of trip 7."""
    sold = next(event for event in map(_event, box.log) if isinstance(event, TicketSold) and event.serial == serial)
    ride = (sold.trip_no, sold.day, sold.from_idx, sold.to_idx, sold.seat)
    money = (fee_minor, sold.price_minor - fee_minor, sold.currency, sold.payment)
    made = TicketRefunded(id_of(box, serial), *ride, *money, reason, "default/120", clerk_no, True)
    return box.append(replace(made, **more))


def _event(data: bytes) -> Any:
    return EVENTS.decode(data).event


def refund(bench: Bench, number: str, reason: str = "passenger") -> None:
    fee = bench.node.refunds.offer(number, reason).fee_minor
    bench.node.refunds.refund(number, reason, fee, CLERK_NO, f"refund-{number}")


def need_shifts(bench: Bench) -> None:
    given = OfficeRules("gd", "a notice", TODAY, None, True, "CNY", 0)
    bench.operate("net", given.key, given.to_bytes())


def test_1_void_after_print(bench: Bench, world: World, box: Box) -> None:
    """Sell, hand the paper over, take the ticket back as a mistake, keep the money."""
    sold = bench.sell()
    assert bench.node.prints.copy(sold.number, CLERK_NO) == 1
    refund(bench, sold.number, "station_error")
    with pytest.raises(Refusal, match="ticket_refunded"):
        bench.node.prints.copy(sold.number, CLERK_NO)
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "red"

    for seat in range(1, 5):
        box.sell(7, seat)
    give_back(box, 1, STATION_ERROR)  # never printed: an honest mistake
    for serial in (2, 3, 4):
        box.append(TicketPrinted(id_of(box, serial), 1, CLERK))
    give_back(box, 2, STATION_ERROR, clerk_no=OTHER)  # a colleague saw it
    give_back(box, 3, fee_minor=500)  # the passenger pays the fee
    assert told(world, box) == []
    give_back(box, 4, STATION_ERROR)
    assert told(world, box) == [("void_after_print", CLERK)]


def test_2_ghost_refund(bench: Bench, world: World, box: Box) -> None:
    """Give money back to oneself for a passenger who travels."""
    sold = bench.sell()
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    with pytest.raises(Refusal, match="refund_boarded"):
        bench.node.refunds.offer(sold.number, "passenger")

    gate = world.box("gate")
    for seat in (1, 2):
        box.sell(7, seat)
        give_back(box, seat, fee_minor=500, clerk_no=OTHER)
    assert told(world, box) == []
    gate.append(BoardingRefused("refunded", id_of(box, 1), 7, DAY, "gate", 9))
    gate.append(BoardingRefused("already_used", id_of(box, 2), 7, DAY, "gate", 9))
    assert told(world, gate) == [("ghost_refund", OTHER)]
    box.append(TicketRefunded(id_of(box, 77), 7, DAY, 0, 3, 1, 0, 5_000, "CNY", CASH, 0, "default/120", CLERK, True))
    assert told(world, box)[1:] == [("ghost_refund", CLERK)]


def test_2_ghost_refund_is_told_also_when_the_gate_is_heard_first(world: World, box: Box) -> None:
    gate = world.box("gate")
    for seat in (1, 2):
        box.sell(7, seat)
        gate.append(BoardingRefused("superseded", id_of(box, seat), 7, DAY, "gate", 9))
    assert told(world, gate) == []
    give_back(box, 1, fee_minor=500, clerk_no=OTHER)
    assert told(world, box) == [("ghost_refund", OTHER)]


def test_3_back_dating(bench: Bench, world: World, box: Box) -> None:
    """Set the clock of the box back, so that the fee is smaller or the departure still to come."""
    sold = bench.sell()
    bench.clock.pass_ms(2 * HOUR_MS)
    later = bench.sell()
    assert bench.node.refunds.offer(sold.number, "passenger").fee_minor == 600, "an hour left"
    bench.clock.wall -= 2 * HOUR_MS
    bench.restart()
    with pytest.raises(Refusal, match="refund_clock_unsure"):
        bench.node.refunds.offer(sold.number, "passenger")
    assert bench.sell().sold_ms >= later.sold_ms, "time never goes back"

    def write(serial: int, wall_ms: int) -> None:
        event = TicketSold(serial, 7, DAY, 0, 3, serial, 0, 5_000, "CNY", 0, CLERK, 0, 1_800_000_000)
        box.append(EVENTS.encode(event, Stamp(wall_ms << 16, 1, START_MS)))

    write(1, START_MS - 4 * 60_000)
    assert told(world, box) == []
    write(2, START_MS - HOUR_MS)
    assert told(world, box) == [("back_dated", CLERK)]


def test_4_concession_without_document(bench: Bench, world: World, box: Box) -> None:
    """Take the full fare, record a concession."""
    with pytest.raises(Refusal, match="proof_needed"):
        bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "half-for-me", rider="disabled_soldier")

    box.sell(7, 1, rider=3, price_minor=2_500, proof=3)
    assert told(world, box) == []
    box.sell(7, 2, rider=3, price_minor=2_500)
    assert told(world, box) == [("concession_without_document", CLERK)]


def test_5_shared_pin(bench: Bench, world: World, box: Box) -> None:
    """Two people work under one number, and neither answers for the drawer."""
    need_shifts(bench)
    bench.node.shifts.open(CLERK_NO, {})
    with pytest.raises(Refusal, match="shift_open"):
        bench.node.shifts.open(CLERK_NO, {})

    elsewhere = world.box("elsewhere")
    for one in (box, elsewhere):
        one.append(ShiftOpened(1, CLERK, (), 0, "gd"))
        one.append(ShiftClosed(1, CLERK, (), (), 0))
    assert told(world, box) == []
    assert told(world, elsewhere) == [("shared_pin", CLERK)]


def test_6_sale_after_close(bench: Bench, world: World, box: Box) -> None:
    """Close the shift, then go on selling into one's own pocket."""
    need_shifts(bench)
    waiting = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    shift = bench.node.shifts.open(CLERK_NO, {})
    sold = bench.sell()
    bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", CASH): 3_000})
    for act in (
        bench.sell,
        lambda: refund(bench, sold.number),
        lambda: bench.node.ticketing.confirm(waiting.order_no, CLERK_NO),
        lambda: bench.node.reissuing.reissue(sold.number, "damaged", CLERK_NO, "a-new-paper-of-it"),
    ):
        with pytest.raises(Refusal, match="shift_needed"):
            act()

    box.append(ShiftOpened(1, CLERK, (), 0, "gd"))
    box.sell(7, 1)
    box.append(ShiftClosed(1, CLERK, (("CNY", CASH, 5_000, 5_000),), (), 0))
    box.sell(7, 2, clerk_no=OTHER)  # has never had a shift here: a place where none is asked for
    assert told(world, box) == []
    box.sell(7, 3)
    assert told(world, box) == [("sale_without_shift", CLERK)]


def test_7_short_cash(bench: Bench, world: World, box: Box) -> None:
    """Take money out of the drawer and hope that nobody counts."""
    shift = bench.node.shifts.open(CLERK_NO, {"CNY": 10_000})
    bench.sell()
    slip = bench.node.shifts.close(
        shift.shift_no, CLERK_NO, {("CNY", CASH): 12_000}, taken_by=Clerk(12, "乙", ("clerk",))
    )
    assert [line.difference_minor for line in slip.lines] == [-1_000], "also where a colleague takes the drawer over"

    for number, claimed, counted in ((1, 5_000, 5_000), (2, 5_000, 4_000), (3, 4_000, 4_000)):
        box.append(ShiftOpened(number, CLERK, (), 0, "gd"))
        box.sell(7, number)
        box.append(ShiftClosed(number, CLERK, (("CNY", CASH, claimed, counted),), (), 0))
        if number == 1:
            assert told(world, box) == []
    # The third hides it in the sum of what must be there: the hub adds up itself.
    assert told(world, box) == [("cash_difference", CLERK), ("slip_differs", CLERK), ("cash_difference", CLERK)]


def test_8_reissue_and_refund_of_the_same_ticket(bench: Bench, world: World, box: Box) -> None:
    """A new paper for a friend, the money for the old one."""
    old = bench.sell()
    new = bench.node.reissuing.reissue(old.number, "damaged", CLERK_NO, "a-new-paper-of-it")
    for act in ("passenger", "station_error"):
        with pytest.raises(Refusal, match="refund_done"):
            bench.node.refunds.offer(old.number, act)
    assert bench.node.boarding.check(old.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "red"
    assert bench.node.boarding.check(new.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"

    box.sell(7, 1)
    box.append(TicketReissued(id_of(box, 1), 2, 0, CLERK))
    give_back(box, 1, REISSUED, rule="reissue/damaged")
    box.sell(7, 1)
    assert told(world, box) == []
    give_back(box, 1, fee_minor=500)
    assert told(world, box) == [("refund_again", CLERK)]


def test_9_refund_to_another_way_of_payment(bench: Bench, world: World, box: Box) -> None:
    """The passenger paid by phone; the cash goes to the clerk."""
    refund(bench, bench.sell().number)
    rows = bench.node.database.read().execute("SELECT event FROM event_log")
    back = [event for event in (_event(row[0]) for row in rows) if isinstance(event, TicketRefunded)]
    assert [event.payment for event in back] == [CASH], "the box chooses the way, nobody asks the clerk"

    for seat in (1, 2):
        box.sell(7, seat, payment=MOBILE)
    give_back(box, 1, fee_minor=500)
    assert told(world, box) == []
    give_back(box, 2, fee_minor=500, payment=CASH)
    assert told(world, box) == [("refund_other_payment", CLERK)]


def test_10_price_override(world: World, box: Box, tmp_path: Path) -> None:
    """Sell dear, record cheap."""
    api = make_api(tmp_path / "api")
    refused = api.post("/tickets", {**RIDE, "key": "my-own-price", "price_minor": 1})
    assert refused.status_code == 422
    assert api.post("/tickets", {**RIDE, "key": "the-true-one"}).json["price_minor"] == 3_000

    box.sell(7, 1)
    assert told(world, box) == []
    box.sell(7, 2, price_minor=4_000)
    assert told(world, box) == [("price_override", CLERK)]


def test_without_the_question_for_a_shift_the_sale_after_close_goes_through(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary: it is that question, and nothing else, which refuses."""
    need_shifts(bench)
    monkeypatch.setattr(bench.node.ticketing, "_on_duty", lambda *_: None)
    assert bench.sell().number


def test_without_the_list_of_suspects_a_quarantined_event_is_no_alert(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary for the alerts that come of quarantine."""
    monkeypatch.setattr("cloud.kernel.fold.SUSPECT", {})
    box.sell(7, 1, price_minor=4_000)
    assert told(world, box) == []
