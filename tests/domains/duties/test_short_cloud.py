"""A trip that its driver ended early, at the hub: who is told, and what is paid back for the part that was not carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.domains.ticketing.office.broken import BrokenOff
from cloud.kernel import streams
from cloud.kernel.rebuild import rebuild
from sync.domains.boarding.events import TicketBoarded
from sync.domains.disruption.operations import ShortTurn
from sync.domains.duties.events import StopLeft, StopReached, TripCutShort, TripWordTaken
from sync.domains.ticketing.events import RefundAsked
from sync.domains.ticketing.operations import RefundWord
from sync.kernel.operations import Subscriptions, operator_stream
from tests.cloud.world import DAY, Box, World, new_world
from tests.domains.duties.test_cloud import DRIVER, START, TRIP, coach, codes, send
from tests.domains.ticketing.test_refund_cloud import id_of
from tests.domains.ticketing.test_requests_cloud import PAID

CUT = TripCutShort(*TRIP, DRIVER, 2, 2, "水箱漏水")
CANCELLED = 1


class Tariff:
    """Ten yuan a leg."""

    def fare_minor(self, from_idx: int, to_idx: int) -> int | None:
        return 1000 * (to_idx - from_idx)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        broken: BrokenOff = made.hub.deciding._broken
        broken._lines = lambda _tx, trips: dict.fromkeys(trips, Tariff())
        yield made


def told(world: World) -> ShortTurn | None:
    with world.hub.database.read() as tx:
        body = streams.body(tx, operator_stream(1), f"short-turn/7/{DAY}")
    return ShortTurn.from_bytes(body) if body is not None else None


def held(box: Box) -> tuple[str, ...]:
    return Subscriptions.from_bytes(box.body(f"node/{box.node_no}", "subscriptions") or b"").streams


def test_everybody_is_told_where_the_trip_ends_until_the_driver_takes_it_back(world: World) -> None:
    desk, box = world.box("a"), coach(world)
    send(box, START, CUT)
    said = told(world)
    assert said is not None and (said.ends_idx, said.note) == (2, "水箱漏水")
    desk.visit()
    assert f"trip/7/{DAY}" in held(desk)
    send(box, TripWordTaken(*TRIP, DRIVER, 2))
    assert told(world) is None
    desk.visit()
    assert f"trip/7/{DAY}" not in held(desk)


def test_a_box_without_the_duty_ends_no_trip(world: World) -> None:
    send(world.box("other", kind="vehicle"), START, CUT)
    assert told(world) is None


def asked(
    world: World, *rides: tuple[int, int], boarded: tuple[int, ...] = (), reach: bool = True
) -> list[RefundWord | None]:
    """What the hub says by itself of tickets with these rides, whose passengers ask at another box."""
    seller, desk, box = world.box("a"), world.box("b"), coach(world)
    world.grant(seller, 7, 4)
    for seat, (from_idx, to_idx) in enumerate(rides, 1):
        seller.sell(7, seat, from_idx, to_idx, price_minor=1000 * (to_idx - from_idx))
    seller.visit()
    seen = [
        TicketBoarded(id_of(seller, serial), 7, DAY, *rides[serial - 1], serial, "gate", 1, "ABCD", True)
        for serial in boarded
    ]
    send(box, START, *seen, StopLeft(*TRIP, DRIVER, 0), CUT, *([StopReached(*TRIP, DRIVER, 2)] if reach else []))
    for serial in range(1, len(rides) + 1):
        desk.append(RefundAsked(serial, id_of(seller, serial), CANCELLED, 0, 1))
    desk.visit()
    desk.visit()
    found = desk.keys("refund", f"node/{desk.node_no}")
    bodies = [found.get(f"refund/1/{serial}") for serial in range(1, len(rides) + 1)]
    world.desk, world.seller = desk, seller  # type: ignore[attr-defined]
    return [RefundWord.from_bytes(body) if body is not None else None for body in bodies]


def test_what_was_not_carried_is_paid_back_to_who_was_aboard_and_all_of_it_to_whom_it_never_reached(
    world: World,
) -> None:
    part, whole, near = asked(world, (0, 3), (2, 3), (0, 2), boarded=(1,))
    assert part is not None and (part.approved, part.fee_minor, part.refunded_minor) == (True, 2000, 1000)
    assert part.note == "word_short"
    assert whole is not None and (whole.approved, whole.fee_minor, whole.refunded_minor) == (True, 0, 1000)
    assert near is None, "its ride is made to the end"
    desk: Box = world.desk  # type: ignore[attr-defined]
    paid = replace(PAID, ticket_id=part.ticket_id, fee_minor=2000, paid_minor=1000, reason=CANCELLED)
    desk.append(paid)
    desk.visit()
    assert codes(world) == []
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_who_was_not_seen_aboard_and_whose_vehicle_is_not_there_yet_wait_for_a_person(world: World) -> None:
    assert asked(world, (0, 3), (1, 3), boarded=(2,), reach=False) == [None, None]
    with world.hub.database.read() as tx:
        assert [line.problem for line in world.hub.deciding.waiting(tx, 10)] == ["", ""]


def test_without_the_drivers_word_who_was_aboard_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a hub that does not know where the trip ended."""
    monkeypatch.setattr(type(world.hub.disruptions), "short", lambda *_: None)
    (said,) = asked(world, (0, 3), boarded=(1,))
    assert said is not None and (said.approved, said.note) == (False, "word_boarded")
