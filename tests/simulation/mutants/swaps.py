"""Trips that change their vehicle, and seats that then have two owners, or passengers who board twice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from unittest import mock

from cloud.domains.duties.service import DutiesService
from cloud.domains.inventory.apply import InventoryApplier
from cloud.domains.inventory.books.desk import Desk
from edge.domains.boarding import store as boardings
from edge.domains.duties.handover import service as handovers
from edge.domains.duties.handover.service import Handovers
from edge.domains.inventory import store as seats
from edge.domains.inventory.service import Inventory
from edge.kernel.exchange import Exchanger
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import open_handover
from sync.kernel.errors import Refusal


@contextlib.contextmanager
def swap_shown_before_block() -> Iterator[None]:
    """The seats are blocked at the giver only with the next visit to the hub, long after the code was seen."""
    waiting: dict[int, list[TripHandedOver]] = {}
    visit = Exchanger.visit

    def later(connection: Any, _seq: int, _stamp: Any, event: TripHandedOver) -> None:
        waiting.setdefault(id(connection), []).append(event)

    def visited(self: Exchanger) -> Any:
        outcome = visit(self)
        for event in waiting.pop(id(self._scribe.connection), []):
            self._scribe.write(lambda unit, event=event: seats.apply_handed(unit.connection, 0, None, event))  # type: ignore[misc,arg-type]
        return outcome

    with mock.patch.dict(seats.APPLIERS, {TripHandedOver: later}), mock.patch.object(Exchanger, "visit", visited):
        yield


@contextlib.contextmanager
def swap_unwritten_until_taken() -> Iterator[None]:
    """The giver draws the code and shows it, and writes nothing down: the other box's word is enough."""

    def give(self: Handovers, where: tuple[int, int], driver_no: int, to_node_no: int) -> list[str]:
        frames: list[str] = []

        def shown(signed: bytes) -> list[str]:
            frames.extend(to_frames(signed))
            raise _Drawn("drawn")

        to_frames = handovers.ops.to_frames
        with (
            contextlib.suppress(_Drawn),
            mock.patch.object(handovers, "TripHandedOver", lambda *words: shown(words[-1])),
        ):
            plain(self, where, driver_no, to_node_no)
        return frames

    plain = Handovers.give
    with mock.patch.object(Handovers, "give", give):
        yield


class _Drawn(Refusal):
    """The code is on the screen, and nothing is written."""


@contextlib.contextmanager
def swap_taken_by_anyone() -> Iterator[None]:
    """Whoever scans the code goes on with the trip, whomever it names."""
    take = Handovers._take

    def anyone(self: Handovers, signed: bytes, driver_no: int) -> Any:
        given = open_handover(signed)
        own = replace(self._identity(), node_no=given.to_node_no, epoch=given.to_epoch)
        with mock.patch.object(Handovers, "_identity", lambda _self: own):
            return take(self, signed, driver_no)

    with mock.patch.object(Handovers, "_take", anyone):
        yield


@contextlib.contextmanager
def swap_taken_twice() -> Iterator[None]:
    """A code that is scanned again before the trip starts is taken again, with all its places."""

    def apply(connection: Any, seq: int, stamp: Any, event: TripTakenOver) -> None:
        given = open_handover(event.signed)
        known = connection.execute("SELECT 1 FROM taken_grant WHERE grant_id = ?", (given.number,)).fetchone()
        seats.apply_taken(connection, seq, stamp, event)
        if known is not None:
            connection.execute("UPDATE taken_place SET places = places * 2 WHERE grant_id = ?", (given.number,))
            connection.execute("DELETE FROM returned_seat WHERE grant_id = ?", (given.number,))

    with (
        mock.patch.object(handovers, "_taken", lambda _connection, _given: False),
        mock.patch.dict(seats.APPLIERS, {TripTakenOver: apply}),
    ):
        yield


@contextlib.contextmanager
def swap_gives_sold_seats() -> Iterator[None]:
    """What was granted goes along, also what is sold by now."""

    def give_over(self: Inventory, connection: Any, trip_no: int, day: int) -> Any:
        grants = [one for one in self._grants(connection, trip_no, day) if one.seats or one.places]
        parts = tuple(
            (one.grant_id, tuple(sorted(one.seats.items())), tuple(sorted(one.places.items()))) for one in grants
        )
        return parts, max((one.sell_until_ms for one in grants), default=0)

    with mock.patch.object(Inventory, "give_over", give_over):
        yield


@contextlib.contextmanager
def swap_leaves_passengers() -> Iterator[None]:
    """Who was aboard the first vehicle is not known to the second one, and may board there again, or another with the ticket."""
    with mock.patch.dict(boardings.APPLIERS, {TripTakenOver: lambda *_words: None}):
        yield


@contextlib.contextmanager
def swap_believed_of_the_giver_alone() -> Iterator[None]:
    """The hub moves the seats when the giver says so; what the taker sells before that is nobody's."""
    hand_over = InventoryApplier._hand_over

    def wait(self: InventoryApplier, received: Any, event: Any) -> None:
        if isinstance(event, TripHandedOver):
            hand_over(self, received, event)

    with mock.patch.object(InventoryApplier, "_hand_over", wait):
        yield


@contextlib.contextmanager
def swap_never_passed_on() -> Iterator[None]:
    """A code that nobody scanned is lost: the hub does not bring it to the taker."""
    with mock.patch.object(DutiesService, "_pass_on", lambda *_words: None):
        yield


@contextlib.contextmanager
def swap_giver_judged_late() -> Iterator[None]:
    """Where the taker is heard first, the giver's sales of long before count as sales of seats that are no longer its own."""
    with mock.patch.object(Desk, "not_yet_given", lambda _self, _holder: {}):
        yield


MUTANTS: Final = {
    "swap_shown_before_block": swap_shown_before_block,
    "swap_unwritten_until_taken": swap_unwritten_until_taken,
    "swap_taken_by_anyone": swap_taken_by_anyone,
    "swap_taken_twice": swap_taken_twice,
    "swap_gives_sold_seats": swap_gives_sold_seats,
    "swap_leaves_passengers": swap_leaves_passengers,
    "swap_believed_of_the_giver_alone": swap_believed_of_the_giver_alone,
    "swap_never_passed_on": swap_never_passed_on,
    "swap_giver_judged_late": swap_giver_judged_late,
}
