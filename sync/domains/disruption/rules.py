"""What a disruption may say, what it means to a ticket, and who sits where when another vehicle comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from sync.domains.disruption.operations import Disruption
from sync.domains.inventory.rules import FREE, LAP, legs_mask
from sync.domains.timetable.operations import SeatPlan
from sync.kernel.errors import Refusal

CANCELLED: Final = "cancelled"
DELAYED: Final = "delayed"
KINDS: Final = (CANCELLED, DELAYED)
# What an office reads of a trip that ends early: no kind of its own, since rides to stops before that are made.
CUT_SHORT: Final = "cut_short"
MAX_DELAY_MINUTES: Final = 2_880
MAX_NOTE: Final = 200
# The reasons that only the hub's word about one ticket gives.
VEHICLE_CHANGED: Final = "vehicle_changed"
CONNECTION_MISSED: Final = "connection_missed"
# Kind → the reason for which a ticket is given back or exchanged free.
_FAULTS: Final = {CANCELLED: "trip_cancelled", DELAYED: "trip_delayed"}


def fault_of(kind: str) -> str:
    """The carrier's fault behind a kind, as :data:`sync.domains.ticketing.events.REASONS` names it; empty for none."""
    return _FAULTS.get(kind, "")


def check_disruption(given: Disruption) -> Disruption:
    """``given`` if it makes sense. Raises :class:`Refusal`: ``disruption_kind``, ``disruption_minutes``, ``disruption_note``."""
    if given.kind not in KINDS:
        raise Refusal("disruption_kind", status=422, field="kind")
    least, most = (1, MAX_DELAY_MINUTES) if given.kind == DELAYED else (0, 0)
    if not least <= given.minutes <= most:
        raise Refusal("disruption_minutes", status=422, field="minutes", most=MAX_DELAY_MINUTES)
    check_note(given.note)
    return given


def check_note(note: str) -> str:
    """``note`` if it says something. Raises :class:`Refusal` ``disruption_note``."""
    if not note.strip() or len(note) > MAX_NOTE or "\x00" in note:
        raise Refusal("disruption_note", status=422, field="note", most=MAX_NOTE)
    return note


@dataclass(frozen=True, slots=True)
class Passenger:
    """A good ticket of a trip. ``party``: the same for tickets that were paid together. ``seat``: the one in its code (0: free
    seating, LAP: a child that takes none); ``now``: the one that was told since, 0 for none."""

    ticket_id: bytes
    party: tuple[int, ...]
    from_idx: int
    to_idx: int
    seat: int
    child: bool
    now: int = 0

    @property
    def legs(self) -> int:
        """Mask of the legs that it rides."""
        return legs_mask(self.from_idx, self.to_idx)


# Ticket id → seat in the new vehicle, 0 in free seating; None: it has no place.
Places = dict[bytes, int | None]


def reseat(passengers: Sequence[Passenger], free: Mapping[int, int], old: SeatPlan, new: SeatPlan) -> Places:
    """Who sits where in the vehicle ``new``, which runs in the place of ``old``. The same question has the same answer.

    ``passengers`` in the order of their sale; ``free``: seat → legs that nobody holds. Whoever has a seat of that number
    keeps it. Else whoever was told of another seat keeps that, if it is still free. Then parties in the order of their
    sale: each gets the free seat nearest to those with whom it was paid, without such nearest to where it sat; adults and
    children of a party in turn, so that a child sits by an adult. A party with a child whose seats are gone is seated
    together or not at all. In free seating the places go in the order of the sale, whole parties.
    """
    if new.kind == FREE:
        return _in_turn(passengers, new.capacity)
    seats = {number: (row, column) for number, _, row, column in new.seats}
    left = {seat: mask for seat, mask in free.items() if seat in seats}
    places: Places = {one.ticket_id: one.seat for one in passengers if one.seat == LAP or one.seat in seats}
    for one in passengers:
        if one.ticket_id not in places and left.get(one.now, 0) & one.legs == one.legs:
            places[one.ticket_id] = one.now
            left[one.now] &= ~one.legs
    before = {number: (row, column) for number, _, row, column in old.seats}
    for party in _parties(passengers):
        _seat_party(party, places, left, seats, before)
    return places


def at_fault(passengers: Sequence[Passenger], places: Mapping[bytes, int | None]) -> set[bytes]:
    """Tickets that are taken back or exchanged free: those without a place, and all that were paid together with one."""
    missing = {one.party for one in passengers if places.get(one.ticket_id) is None}
    return {one.ticket_id for one in passengers if one.party in missing}


def _parties(passengers: Sequence[Passenger]) -> list[list[Passenger]]:
    found: dict[tuple[int, ...], list[Passenger]] = {}
    for one in passengers:
        found.setdefault(one.party, []).append(one)
    return list(found.values())


def _seat_party(
    party: Sequence[Passenger], places: Places, left: dict[int, int], seats: Mapping[int, tuple[int, int]],
    before: Mapping[int, tuple[int, int]],
) -> None:  # fmt: skip
    """Seat those of a party who lost their seat: changes ``places`` and ``left``."""
    lost = [one for one in party if one.ticket_id not in places]
    by_age = [[one for one in lost if one.child is child] for child in (False, True)]
    tried, given = dict(left), {one.ticket_id: places[one.ticket_id] for one in party if one.ticket_id in places}
    for one in (one for pair in zip_longest(*by_age) for one in pair if one is not None):
        near = [seats[seat] for seat in given.values() if seat is not None and seat in seats]
        chosen = given[one.ticket_id] = _nearest(one, tried, seats, near or [before.get(one.seat, (0, 0))])
        if chosen is not None:
            tried[chosen] &= ~one.legs
    together = any(one.child for one in party) and None in given.values()
    places |= {one.ticket_id: None if together else given[one.ticket_id] for one in lost}
    if not together:
        left |= tried


def _nearest(
    one: Passenger, left: Mapping[int, int], seats: Mapping[int, tuple[int, int]], near: Sequence[tuple[int, int]]
) -> int | None:
    fitting = [seat for seat, mask in left.items() if mask & one.legs == one.legs]

    def away(seat: int) -> tuple[int, int, int]:
        row, column = seats[seat]
        rows, columns = min((abs(row - there), abs(column - beside)) for there, beside in near)
        return rows, columns, seat

    return min(fitting, key=away, default=None)


def _in_turn(passengers: Sequence[Passenger], capacity: int) -> Places:
    taken: dict[int, int] = {}
    places: Places = {}
    for party in _parties(passengers):
        more: dict[int, int] = {}
        for one in party:
            for leg in range(one.from_idx, one.to_idx):
                more[leg] = more.get(leg, 0) + (one.seat != LAP)
        fits = all(taken.get(leg, 0) + count <= capacity for leg, count in more.items())
        places |= {one.ticket_id: one.seat if fits else None for one in party}
        taken = {leg: taken.get(leg, 0) + (more.get(leg, 0) if fits else 0) for leg in taken | more}
    return places
