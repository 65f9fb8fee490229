"""A free refund or exchange for another vehicle or a missed connection is held against what the hub told: a box that makes it
up is told of by name, and one that was told is not, whatever the hub has said since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.domains.ticketing.office.faults import FaultApplier
from cloud.kernel import nodes
from cloud.kernel.rebuild import rebuild
from cloud.kernel.recovery import Generation
from cloud.kernel.tables import alert, hub_generation
from sync.domains import EVENTS
from sync.domains.duties.events import TripCutShort, TripDelayed, TripStarted
from sync.domains.ticketing.events import GIVEN_BACK, REBOOKED, BookingSold, TicketRebooked, TicketSold
from sync.kernel.events import Event, Stamp
from tests.cloud.world import DAY, START_MS, Box, Trip, World, new_world
from tests.domains.ticketing.test_refund_cloud import codes, give_back, id_of

VEHICLE, MISSED = GIVEN_BACK.index("vehicle_changed"), GIVEN_BACK.index("connection_missed")
CANCELLED = GIVEN_BACK.index("trip_cancelled")
FIRST, SECOND = (7, DAY), (8, DAY)
CLERK = 3


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), Trip(8), Trip(9)]) as made:
        yield made


@pytest.fixture
def box(world: World) -> Box:
    found = world.box("a", low_water=0)
    for trip_no in (7, 8, 9):
        world.grant(found, trip_no, 10)
    return found


@pytest.fixture(params=[1, 100])
def most(request: pytest.FixtureRequest) -> int:
    """Events of one request: what is told must not depend on how a log is cut."""
    return int(request.param)


def told(world: World) -> list[tuple[str, int]]:
    """The alerts, with their clerks; the same when the log is folded anew."""
    found = [(row["code"], row["clerk_no"]) for row in world.rows(alert)]
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    assert codes(world) == []
    return found


def change(world: World, plan: str) -> None:
    with world.hub.database.write() as tx:
        world.hub.disruptions.change_vehicle(tx, FIRST, plan, "抛锚", "somebody")


def delay(world: World, where: tuple[int, int], minutes: int = 600) -> None:
    with world.hub.database.write() as tx:
        world.hub.disruptions.disrupt(tx, where, "delayed", minutes, "雾", "somebody")


def lift(world: World, where: tuple[int, int]) -> None:
    with world.hub.database.write() as tx:
        world.hub.disruptions.lift(tx, where)


def journey(box: Box) -> tuple[int, int]:
    """Two rides, paid together; the events of their sales."""
    seat = box.serial + 1
    sales = (box.sell(7, seat), box.sell(8, seat))
    box.append(BookingSold(box.serial - 1, 2, 10_000, "CNY", 0, 1, 0, ()))
    return sales


def claim(box: Box, sale: int, reason: int) -> None:
    give_back(box, sale, 0, reason=reason, clerk_no=CLERK)


def rebook(box: Box, old: int, new: int, reason: int) -> int:
    """The ticket with serial ``old`` becomes ticket ``new`` on trip 9; the event of its sale."""
    events = [EVENTS.decode(data).event for data in box.log]
    sale = next(seq for seq, one in enumerate(events, 1) if isinstance(one, TicketSold) and one.serial == old)
    box.append(TicketRebooked(id_of(box, old), new, 0, reason, "default", int(reason == 0), CLERK, True))
    give_back(box, sale, 0, reason=REBOOKED, clerk_no=CLERK)
    return box.sell(9, new)


def test_who_has_no_seat_in_the_other_vehicle_is_believed_also_when_a_seat_was_found_since(
    world: World, box: Box, most: int
) -> None:
    gone, other = box.sell(7, 9), box.sell(7, 10)
    box.visit()
    change(world, "reserved-6")
    claim(box, gone, VEHICLE)
    box.visit(most)
    change(world, "reserved-10")  # after all
    claim(box, other, VEHICLE)  # written before it heard
    box.visit(most)
    assert told(world) == []


def test_a_claim_about_a_ticket_that_kept_its_seat_is_told(world: World, box: Box, most: int) -> None:
    kept = box.sell(7, 1)
    box.sell(7, 10)
    box.visit()
    change(world, "reserved-6")
    claim(box, kept, VEHICLE)
    box.visit(most)
    assert told(world) == [("fault_untold", CLERK)]


def test_a_word_that_comes_after_the_claim_makes_it_no_better(world: World, box: Box, most: int) -> None:
    sale = box.sell(7, 10)
    claim(box, sale, VEHICLE)
    first, second = journey(box)
    claim(box, second, MISSED)
    box.visit(most)
    change(world, "reserved-6")
    delay(world, FIRST)
    assert first and told(world) == [("fault_untold", CLERK)] * 2


def test_a_late_ride_may_cost_the_next_one_also_when_it_is_on_time_again(world: World, box: Box, most: int) -> None:
    _, second = journey(box)
    box.visit()
    delay(world, FIRST)
    lift(world, FIRST)
    claim(box, second, MISSED)
    box.visit(most)
    assert told(world) == []


@pytest.mark.parametrize("late", [None, (9, DAY), (7, DAY + 1)])
def test_nothing_was_missed_where_nothing_was_late(
    world: World, box: Box, late: tuple[int, int] | None, most: int
) -> None:
    first, second = journey(box)
    alone = box.sell(8, 10)
    box.visit()
    if late is not None:
        delay(world, late)
    for sale in (second, first, alone):
        claim(box, sale, MISSED)
    box.visit(most)
    assert told(world) == [("fault_untold", CLERK)] * 3


def test_the_first_ride_of_a_journey_and_a_ticket_by_itself_miss_nothing(world: World, box: Box, most: int) -> None:
    first, _ = journey(box)
    alone = box.sell(8, 10)
    delay(world, FIRST)
    delay(world, SECOND)
    for sale in (first, alone):
        claim(box, sale, MISSED)
    box.visit(most)
    assert told(world) == [("fault_untold", CLERK)] * 2


@pytest.mark.parametrize(("reason", "believed"), [(CANCELLED, True), (0, False), (3, False)])
def test_who_gave_the_ride_before_back_missed_the_next_by_the_carriers_fault_alone(
    world: World, box: Box, reason: int, believed: bool, most: int
) -> None:
    first, second = journey(box)
    give_back(box, first, 0, reason=reason)
    claim(box, second, MISSED)
    box.visit(most)
    assert told(world) == ([] if believed else [("fault_untold", CLERK)])


def test_an_exchange_is_held_against_the_same_word(world: World, box: Box, most: int) -> None:
    journey(box)
    box.visit()
    rebook(box, 2, 3, MISSED)
    box.visit(most)
    assert told(world) == [("fault_untold", CLERK)]
    journey(box)
    box.visit()
    delay(world, FIRST)
    rebook(box, 5, 6, MISSED)
    box.visit(most)
    assert told(world) == [("fault_untold", CLERK)]


@pytest.mark.parametrize(("reason", "believed"), [(CANCELLED, True), (0, False)])
def test_a_ride_that_took_the_place_of_a_disturbed_one_counts_as_that_one(
    world: World, box: Box, reason: int, believed: bool, most: int
) -> None:
    _, second = journey(box)
    rebook(box, 1, 3, reason)
    claim(box, second, MISSED)
    box.visit(most)
    assert [one for one in told(world) if one[0] == "fault_untold"] == ([] if believed else [("fault_untold", CLERK)])


def test_a_ticket_that_took_the_place_of_one_in_a_journey_stands_there(world: World, box: Box, most: int) -> None:
    journey(box)
    box.visit()
    delay(world, FIRST)
    newer = rebook(box, 2, 3, MISSED)
    claim(box, newer, MISSED)
    box.visit(most)
    assert told(world) == []


@pytest.mark.parametrize("word", [TripDelayed(*FIRST, 1, 90, 0, ""), TripCutShort(*FIRST, 1, 2, 0, "")])
@pytest.mark.parametrize("own", [True, False])
def test_a_driver_s_word_counts_on_the_box_where_it_was_said_before_the_hub_passes_it_on(
    world: World, own: bool, word: Event, most: int
) -> None:
    coach, other = world.box("coach", "vehicle", ()), world.box("bus", "vehicle", ())
    for trip_no in (7, 8):
        world.grant(coach, trip_no, 2)
    _, second = journey(coach)
    coach.visit()
    driven = coach if own else other
    driven.append(TripStarted(*FIRST, 1, "粤E 1", (), ""))
    driven.append(word)
    other.visit()
    claim(coach, second, MISSED)
    coach.visit(most)
    assert told(world) == ([] if own else [("fault_untold", CLERK)])


@pytest.mark.parametrize("word", [TripDelayed(*FIRST, 1, 90, 0, ""), TripCutShort(*FIRST, 1, 2, 0, "")])
def test_what_the_driver_of_another_box_said_counts_once_the_hub_has_told_it(
    world: World, box: Box, word: Event, most: int
) -> None:
    coach = world.box("coach", "vehicle", ())
    with world.hub.database.write() as tx:
        world.hub.duties.assign(tx, nodes.find(tx, coach.node_no), FIRST, "粤E 1", ())
    _, second = journey(box)
    box.visit()
    coach.append(TripStarted(*FIRST, 1, "粤E 1", (), ""))
    coach.append(word)
    coach.visit()
    claim(box, second, MISSED)
    box.visit(most)
    assert told(world) == []


def test_what_was_claimed_before_a_box_heard_of_a_restored_hub_is_not_judged(world: World, box: Box) -> None:
    sales = [box.sell(7, seat) for seat in (1, 2)]
    box.visit()
    restored = Generation(2, 0, 0, "an older backup", START_MS + 1_000, START_MS + 2_000, "admin")
    with world.hub.database.write() as tx:
        tx.execute(sa.insert(hub_generation).values(**{name: getattr(restored, name) for name in Generation.__slots__}))
    for sale, heard_ms in zip(sales, (START_MS, START_MS + 1_000), strict=True):
        claim(box, sale, VEHICLE)
        event = EVENTS.decode(box.log.pop()).event
        assert event is not None
        box.hashes.pop()
        box.append(EVENTS.encode(event, Stamp((START_MS + 5_000) << 16, 1, heard_ms)))
    box.visit()
    assert told(world) == [("fault_untold", CLERK)]


def test_without_the_look_at_what_was_told_a_lie_is_not_seen(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FaultApplier, "_told", lambda *_words: True)
    claim(box, box.sell(7, 1), VEHICLE)
    box.visit()
    assert told(world) == []
