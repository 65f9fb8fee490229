"""Shifts at the hub: worked out again from their events, and what a lying box or clerk could write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.shifts import service
from cloud.domains.shifts.publish import publish_office_rules
from cloud.kernel import alerts
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import alert, quarantine
from sync.domains import EVENTS
from sync.domains.shifts.events import CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.events import TicketRefunded, TicketSold
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, new_world

CLERK = 1


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def begin(box: Box, shift_no: int = 1, clerk_no: int = CLERK, rule: str = "gd", **more: Any) -> int:
    return box.append(replace(ShiftOpened(shift_no, clerk_no, (("CNY", 10_000),), 0, rule), **more))


def end(box: Box, expected: int, counted: int | None, shift_no: int = 1, clerk_no: int = CLERK) -> int:
    return box.append(ShiftClosed(shift_no, clerk_no, (("CNY", 0, expected, counted),), (), 0))


def give_back(box: Box, seq: int, clerk_no: int = CLERK, reason: int = 0) -> int:
    sold = EVENTS.decode(box.log[seq - 1]).event
    assert isinstance(sold, TicketSold)
    ticket_id = TicketId(box.node_no, box.epoch, sold.serial).to_bytes()
    ride = (sold.trip_no, sold.day, sold.from_idx, sold.to_idx, sold.seat)
    return box.append(
        TicketRefunded(ticket_id, *ride, 500, sold.price_minor - 500, "CNY", 0, reason, "default/120", clerk_no, True)
    )


def told(world: World) -> list[tuple[str, int, int]]:
    """(code, clerk, amount) of all alerts."""
    return [(row["code"], row["clerk_no"], row["amount_minor"]) for row in world.rows(alert)]


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def station(world: World, places: int = 8) -> Box:
    box = world.box("station")
    world.grant(box, 7, places)
    return box


def every_shift(world: World) -> list[service.ShiftLine]:
    with world.hub.database.read() as tx:
        return service.shifts(tx)


def test_a_shift_is_worked_out_again_from_its_events(world: World) -> None:
    box = station(world)
    box.sell(7, 1)  # before the shift
    begin(box)
    sold = box.sell(7, 2)
    box.sell(7, 3, clerk_no=2)  # another clerk's
    box.append(CashMoved(1, CLERK, False, "CNY", 2_000, 1))
    box.append(CashMoved(1, CLERK, True, "CNY", 300, 0))
    give_back(box, sold)
    end(box, 10_000 + 5_000 - 2_000 + 300 - 4_500, 8_800)
    box.visit()
    [found] = every_shift(world)
    assert (found.state, found.clerk_no, found.node_name) == ("closed", CLERK, "station")
    [line] = found.lines
    assert (line.sold, line.sold_minor, line.refunds, line.refunded_minor) == (1, 5_000, 1, 4_500)
    assert (line.expected_minor, line.counted_minor, line.difference_minor) == (8_800, 8_800, 0)
    assert codes(world) == [] and told(world) == []


def test_a_slip_that_is_not_its_events_is_flagged_and_so_is_the_money_that_is_not_there(world: World) -> None:
    box = station(world)
    begin(box)
    box.sell(7, 1)
    end(box, 10_000, 10_000)  # the box has forgotten a sale
    box.visit()
    [found] = every_shift(world)
    assert (found.state, found.lines[0].claimed_minor, found.lines[0].expected_minor) == ("differs", 10_000, 15_000)
    assert codes(world) == ["shift_differs"]
    assert told(world) == [("cash_difference", CLERK, -5_000), ("slip_differs", CLERK, 0)]


def test_the_outcome_does_not_depend_on_how_the_log_came(world: World) -> None:
    box = station(world)
    begin(box)
    for seat in range(1, 5):
        box.sell(7, seat)
    end(box, 30_000, 29_000)
    box.sell(7, 5)
    begin(box, 2)
    box.visit(most=1)
    before = told(world), every_shift(world)
    assert before[0] == [("cash_difference", CLERK, -1_000), ("sale_without_shift", CLERK, 5_000)]
    assert rebuild(world.hub.database, world.hub.fold, keep=True).differing == []
    assert (told(world), every_shift(world)) == before


def test_only_differences_above_the_limit_of_the_rules_are_shown(world: World) -> None:
    box = station(world)
    for number, counted in ((1, 9_600), (2, 9_400)):
        begin(box, number)
        end(box, 10_000, counted, number)
    box.visit()
    given = OfficeRules("gd", "a notice", DAY, None, True, "CNY", 500)
    with world.hub.database.write() as tx:
        assert len(alerts.every(tx, service.worth_telling(tx, DAY))) == 2, "without rules every difference is"
        publish_office_rules(tx, given, DAY)
        assert [one.amount_minor for one in alerts.every(tx, service.worth_telling(tx, DAY))] == [-600]
        publish_office_rules(tx, replace(given, place_no=1, difference_limit_minor=1_000), DAY)
        assert alerts.count_open(tx, service.worth_telling(tx, DAY)) == 0
        with pytest.raises(Refusal, match="office_rules_past"):
            publish_office_rules(tx, given, DAY + 1)


def test_whoever_looked_at_an_alert_is_kept_also_over_a_rebuild(world: World) -> None:
    box = station(world)
    begin(box)
    end(box, 10_000, 1)
    box.visit()
    with world.hub.database.write() as tx:
        [line] = alerts.every(tx, service.worth_telling(tx, DAY))
        alerts.note(tx, line.pos, line.code, "counted twice", "admin", 5)
    assert rebuild(world.hub.database, world.hub.fold, keep=True).differing == []
    with world.hub.database.write() as tx:
        assert alerts.every(tx, service.worth_telling(tx, DAY)) == []
        [seen] = alerts.every(tx, service.worth_telling(tx, DAY), open_only=False)
        assert (seen.note, seen.by, seen.seen_ms) == ("counted twice", "admin", 5)
        with pytest.raises(Refusal, match="alert_unknown"):
            alerts.note(tx, line.pos, "shared_pin", "", "admin", 5)


def test_two_boxes_at_once_under_one_number_are_a_shared_pin_whichever_comes_first(world: World) -> None:
    one, other = station(world), world.box("village")
    for box in (one, other):
        begin(box)
        end(box, 10_000, 10_000)
    one.visit()
    assert told(world) == []
    other.visit()
    assert told(world) == [("shared_pin", CLERK, 0)]


def test_one_after_the_other_is_no_shared_pin(world: World) -> None:
    one, other = station(world), world.box("village")
    begin(one)
    end(one, 10_000, 10_000)
    for _ in range(3):
        other.append(CashMoved(1, 9, True, "CNY", 1, 0))  # the clock goes on
    begin(other)
    end(other, 10_000, 10_000)
    other.visit()
    one.visit()
    assert told(world) == []


def test_where_no_shift_was_asked_for_selling_without_one_is_nothing(world: World) -> None:
    box = station(world)
    begin(box, rule="")
    end(box, 10_000, 10_000)
    box.sell(7, 1)
    box.visit()
    assert told(world) == []


def test_who_gives_back_far_more_than_the_others_is_told(world: World) -> None:
    box = station(world, 10)
    begin(box, 1, clerk_no=2)
    for seat in range(1, 6):
        for _ in range(4):  # free of the seats' own rules: quarantined sales count, too
            box.sell(7, seat, clerk_no=2)
    end(box, 110_000, 110_000, 1, clerk_no=2)
    begin(box, 2)
    for seq in [box.sell(7, seat) for seat in range(6, 11)]:
        give_back(box, seq)
    end(box, 10_000 + 5 * 500, 12_500, 2)
    box.visit()
    assert ("refunds_many", CLERK, 0) in told(world)
    assert ("refunds_many", 2, 0) not in told(world)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (ShiftOpened(1, CLERK, (), 0, ""), "shift_twice"),
        (ShiftOpened(1, 2, (), 0, ""), "shift_twice"),
        (ShiftOpened(2**31, 2, (), 0, ""), "shift_range"),
        (ShiftOpened(2, 2, (("yuan", 1),), 0, ""), "shift_range"),
        (ShiftOpened(2, 2, (("CNY", 2**70),), 0, ""), "shift_range"),
        (ShiftOpened(2, 2, (("CNY", -1),), 0, ""), "shift_range"),
        (ShiftOpened(2, 2, (("CNY", 1),) * 100, 0, ""), "shift_range"),
        (CashMoved(9, CLERK, True, "CNY", 1, 0), "shift_unknown"),
        (CashMoved(1, CLERK, True, "CNY", 1, 99), "shift_range"),
        (CashMoved(1, CLERK, True, "CNY", 2**60, 0), "shift_range"),
        (ShiftClosed(1, 2, (), (), 0), "shift_unknown"),
        (ShiftClosed(2, CLERK, (), (), 0), "shift_unknown"),
        (ShiftClosed(1, CLERK, (("CNY", 0, 2**70, 0),), (), 0), "shift_range"),
        (ShiftClosed(1, CLERK, (("CNY", 2**40, 0, 0),), (), 0), "shift_range"),
        (ShiftClosed(1, CLERK, (("CNY", 0, 0, -5),), (), 0), "shift_range"),
        (ShiftClosed(1, CLERK, (("CNY", 0, 0, 0),) * 2, (), 0), "shift_range"),
    ],
    ids=str,
)
def test_what_can_not_be_is_put_aside_and_changes_nothing(world: World, lie: Any, code: str) -> None:
    box = station(world)
    begin(box)
    box.visit()
    before = every_shift(world)
    box.append(lie)
    box.visit()
    assert (codes(world), every_shift(world)) == ([code], before)
    end(box, 10_000, 10_000)
    box.visit()
    # Cash that a box says was moved counts, also where it says so badly: then the slip is what does not fit.
    assert every_shift(world)[0].state == ("differs" if isinstance(lie, CashMoved) and lie.shift_no == 1 else "closed")
