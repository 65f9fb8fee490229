"""The hub sends another vehicle: seats are counted anew, passengers seated, and no seat is anybody's twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.inventory.books.vehicles import moved_of
from cloud.domains.inventory.tables import seat_clash
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.domains.inventory.events import SeatsAsked
from sync.domains.inventory.operations import Recall
from sync.domains.ticketing.events import BookingSold, RefundAsked
from sync.domains.ticketing.operations import RefundWord
from sync.kernel import exchange
from sync.kernel.errors import Refusal
from tests.cloud.test_tails import accept, every, handed_in
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world
from tests.domains.ticketing.test_refund_cloud import give_back, id_of

WHERE = (7, DAY)
STREAM = f"trip/7/{DAY}"
LEGS = 0b111


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), Trip(8, seat_plan_kind="free")]) as made:
        yield made


def change(world: World, plan: str, where: tuple[int, int] = WHERE) -> int:
    with world.hub.database.write() as tx:
        return world.hub.disruptions.change_vehicle(tx, where, plan, "抛锚", "somebody")


def seated(world: World, where: tuple[int, int] = WHERE) -> dict[int, int | None]:
    """Seat in the code → seat now, None for none."""
    with world.hub.database.read() as tx:
        return {one.was: one.seat if one.placed else None for one in moved_of(tx, where)}


def told(box: Box) -> dict[str, Reseated]:
    return {key: Reseated.from_bytes(body) for key, body in box.keys("reseat", STREAM).items()}


def test_who_loses_the_seat_gets_a_free_one_and_every_place_on_the_way_is_told(world: World) -> None:
    box, other = world.box("a", low_water=0), world.box("b", stops=(4,))
    granted = world.grant(box, 7, 10)
    for seat in (1, 9, 10):
        box.sell(7, seat)
    box.give_back(granted, [(seat, LEGS) for seat in range(2, 9)])
    box.visit()
    assert change(world, "reserved-8") >= 2
    assert seated(world) == {9: 5, 10: 6}  # the row before
    adds_up(world.trip(7))
    assert (world.trip(7).capacity, world.trip(7).consumed, world.trip(7).over) == (8, 9, 0)
    for one in (box, other):
        one.visit()
        (body,) = one.keys("vehicle-change", "operator/1").values()
        assert VehicleChange.from_bytes(body).capacity == 8
        assert {(said.was, said.seat, said.placed, said.fault) for said in told(one).values()} == {
            (9, 5, True, False), (10, 6, True, False)
        }  # fmt: skip
    assert set(world.grant(other, 7, 99).seats) == {(seat, LEGS) for seat in (2, 3, 4, 7, 8)}


def test_unsold_seats_are_asked_back_first_and_seat_those_who_stand_in_the_order_of_their_sale(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    granted = world.grant(first, 7, 6)
    world.grant(second, 7, 4)
    second.sell(7, 9)
    second.visit()
    second.sell(7, 10)
    second.visit()
    change(world, "reserved-6")
    assert seated(world) == {9: None, 10: None}
    first.visit()
    recall = Recall.from_bytes(first.keys("recall")[f"recall/7/{DAY}"])
    assert recall.count == 0
    first.give_back(granted, [(3, LEGS)])
    first.visit()
    assert seated(world) == {9: 3, 10: None}
    first.visit()
    assert Recall.from_bytes(first.keys("recall")[f"recall/7/{DAY}"]).number == recall.number, "asked once for each"
    adds_up(world.trip(7))


def test_a_box_that_has_not_heard_sells_a_good_ticket_whose_passenger_comes_last(world: World) -> None:
    box, late = world.box("a"), world.box("b")
    world.grant(box, 7, 5)
    world.grant(late, 7, 5)
    box.sell(7, 1)
    box.visit()
    late.sell(7, 10)  # in its log before it can have heard, and the hub hears of it after the change
    change(world, "reserved-4")
    late.visit()
    assert world.rows(quarantine) == [] and world.rows(seat_clash) == []
    with world.hub.database.read() as tx:
        (one,) = moved_of(tx, WHERE)
    assert (one.was, one.placed, one.fault, one.late) == (10, False, True, True)
    assert set(late.keys("manifest", STREAM)) == {f"manifest/{id_of(box, 1).hex()}", f"manifest/{id_of(late, 1).hex()}"}


def test_a_refund_frees_the_seat_that_was_given_and_the_next_passenger_gets_it(world: World) -> None:
    box = world.box("a")
    granted = world.grant(box, 7, 10)
    nine, ten = box.sell(7, 9), box.sell(7, 10)
    box.give_back(granted, [(1, LEGS)])
    box.visit()
    change(world, "reserved-8")
    assert seated(world) == {9: 1, 10: None}
    give_back(box, nine)
    box.visit()
    assert seated(world) == {10: 1}
    box.visit()
    assert {said.seat for said in told(box).values()} == {1}
    give_back(box, ten)
    box.visit()
    assert seated(world) == {} and told(box) == {}


def test_the_planned_vehicle_after_all_gives_everybody_the_own_seat_back(world: World) -> None:
    box = world.box("a")
    granted = world.grant(box, 7, 10)
    box.sell(7, 10)
    box.give_back(granted, [(1, LEGS)])
    box.visit()
    change(world, "reserved-8")
    with pytest.raises(Refusal, match="vehicle_same"):
        change(world, "reserved-8")
    assert seated(world) == {10: 1}
    change(world, "reserved-10")
    assert seated(world) == {} and world.trip(7).capacity == 10
    adds_up(world.trip(7))
    with world.hub.database.read() as tx:
        # The box gave a seat back: a tenth of its nine is no child, so one on a lap is left to the hub.
        assert world.hub.inventory.left(tx, 7, DAY, 0, 3) == (1, (1,), 1)


def test_a_larger_vehicle_has_more_to_sell_at_once(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 10)
    with pytest.raises(Refusal, match="no_seat"):
        world.grant(box, 7, 1)
    change(world, "reserved-12")
    assert world.grant(box, 7, 9).seats == ((11, LEGS), (12, LEGS))


def test_a_party_stays_together_and_all_of_it_may_give_back_free(world: World) -> None:
    box = world.box("a")
    granted = world.grant(box, 7, 10)
    for seat, rider in ((9, 0), (10, 1)):
        box.sell(7, seat, rider=rider)
    box.append(BookingSold(1, 2, 10_000, "CNY", 0, 1, 0, ()))
    box.give_back(granted, [(1, LEGS)])
    box.visit()
    change(world, "reserved-8")
    assert seated(world) == {9: None, 10: None}
    with world.hub.database.read() as tx:
        assert all(one.fault for one in moved_of(tx, WHERE))


def test_the_hub_says_yes_at_once_to_money_back_for_who_has_no_seat(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    world.grant(box, 7, 10)
    box.sell(7, 10)
    box.visit()
    change(world, "reserved-4")
    other.append(RefundAsked(1, id_of(box, 1), 6, 0, 1))
    other.visit()
    (body,) = other.keys("refund").values()
    word = RefundWord.from_bytes(body)
    assert (word.approved, word.fee_minor, word.note) == (True, 0, "word_vehicle")


def test_without_numbered_seats_the_last_to_buy_stand_and_what_was_granted_before_is_asked_back(world: World) -> None:
    box = world.box("a")
    world.grant(box, 8, 10)
    for _ in range(4):
        box.sell(8, 0)
    box.visit()
    change(world, "free-3", (8, DAY))
    with world.hub.database.read() as tx:
        assert [(one.placed, one.ticket_id) for one in moved_of(tx, (8, DAY))] == [(False, id_of(box, 4))]
    box.sell(8, 0)  # it has not heard
    box.visit()
    assert f"recall/8/{DAY}" in box.keys("recall")
    with world.hub.database.read() as tx:
        assert {one.ticket_id for one in moved_of(tx, (8, DAY)) if not one.placed} == {id_of(box, 4), id_of(box, 5)}
    assert world.rows(quarantine) == []
    kept = world.rows(seat_clash)
    rebuild(world.hub.database, world.hub.fold, keep=True)
    assert world.rows(quarantine) == [] and world.rows(seat_clash) == kept


def test_what_is_no_vehicle_for_it_is_refused(world: World) -> None:
    for plan, code in (("nothing", "vehicle_unknown"), ("free-9", "vehicle_kind")):
        with pytest.raises(Refusal, match=code):
            change(world, plan)
    with pytest.raises(Refusal, match="trip_unknown"):
        change(world, "reserved-8", (999, DAY))
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="disruption_note"):
        world.hub.disruptions.change_vehicle(tx, WHERE, "reserved-8", " ", "somebody")


def test_who_still_has_to_be_told_keeps_the_stream_when_a_delay_is_over(world: World) -> None:
    box = world.box("a")
    change(world, "reserved-8")
    with world.hub.database.write() as tx:
        world.hub.disruptions.disrupt(tx, WHERE, "delayed", 30, "雾", "somebody")
        world.hub.disruptions.lift(tx, WHERE)
    box.append(SeatsAsked(7, DAY, 0, 3, 1))
    box.visit()
    assert STREAM in box.subscribed


def test_what_an_old_log_brings_late_is_seated_too_and_told_at_the_gates(world: World) -> None:
    old, other = world.box("a"), world.box("b", stops=(4,))
    granted = world.grant(old, 7, 10)
    old.visit()
    old.sell(7, 10)
    new = world.replace_box(old, "second")
    change(world, "reserved-9")
    assert old.send(old.request()).status == exchange.REPLACED
    assert seated(world) == {10: None}
    old.give_back(granted, [(1, LEGS)])
    old.send(old.request())
    assert seated(world) == {10: 1}
    for one in (new, other):
        one.visit()
        assert {(said.was, said.seat) for said in told(one).values()} == {(10, 1)}
        assert set(one.keys("manifest", STREAM)) == {f"manifest/{id_of(old, 1).hex()}"}


def test_a_tail_that_a_person_takes_into_the_books_is_seated_too(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 10)
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen")
    box.sell(7, 10)
    handed_in(world, box, 0)
    change(world, "reserved-9")
    assert seated(world) == {}
    assert accept(world, every(world)[0]) == (1, 0)
    assert seated(world) == {10: None}
