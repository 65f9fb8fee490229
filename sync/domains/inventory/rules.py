"""The arithmetic of seats × legs, the same on both ends.

A leg mask is an integer with bit k set for the leg between stops k and k+1; a trip of n stops has n-1 legs. For free
seating a mapping leg → places stands in the place of seat → mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.kernel.errors import Refusal

RESERVED = "reserved"
FREE = "free"
# In the place of a seat: a child on a lap, which takes neither a seat nor a place.
LAP = 65_535
# One free child for ten rated seats (Implementing Regulations of the Road Traffic Safety Law, article 55).
SEATS_PER_FREE_CHILD = 10
MAX_LEGS = 1_024


def legs_mask(from_idx: int, to_idx: int) -> int:
    """Mask of the legs of a ride from stop ``from_idx`` to ``to_idx``."""
    return (1 << to_idx) - (1 << from_idx)


def open_masks(held: Mapping[int, int], sold: Mapping[int, int]) -> dict[int, int]:
    """Seat → legs that are held and not sold; seats without any are left out."""
    found = {seat: mask & ~sold.get(seat, 0) for seat, mask in held.items()}
    return {seat: mask for seat, mask in found.items() if mask}


def seats_for(open_seats: Mapping[int, int], wanted: int) -> list[int]:
    """Seats on which every leg of ``wanted`` is open, in seat order."""
    return sorted(seat for seat, mask in open_seats.items() if mask & wanted == wanted)


def best_seat(open_seats: Mapping[int, int], wanted: int) -> int:
    """The seat to sell when nobody chose: the one that leaves the fewest open legs unused (then the lowest number).

    Raises :class:`Refusal` ``no_seat``.
    """
    fitting = seats_for(open_seats, wanted)
    if not fitting:
        raise Refusal("no_seat")
    return min(fitting, key=lambda seat: (open_seats[seat].bit_count(), seat))


def take_seat(open_seats: Mapping[int, int], seat: int, wanted: int) -> None:
    """Refuse (``seat_taken``) unless ``seat`` is open on all legs of ``wanted``."""
    if open_seats.get(seat, 0) & wanted != wanted:
        raise Refusal("seat_taken", seat=seat)


def places_for(open_places: Mapping[int, int], from_idx: int, to_idx: int) -> int:
    """Free places for a ride: the fewest on any of its legs (leg → places, missing means none)."""
    return min((open_places.get(leg, 0) for leg in range(from_idx, to_idx)), default=0)


def free_children(seats: int) -> int:
    """How many children may ride on laps where so many seats or places of a leg are in one's hands, sold ones included.

    Whoever holds a part of the seats sells for that part, so all together never sell for more than the vehicle has.
    """
    return seats // SEATS_PER_FREE_CHILD


def take_all(
    seats: dict[int, int], places: dict[int, int], ride: tuple[int, int], kind: str, wishes: Sequence[int | None]
) -> list[int]:
    """A seat for each of some who ride together from stop to stop (``ride``), taken out of what is open in ``seats``
    (seat → legs) and ``places`` (leg → places): those who chose one first, the best of the rest for None.

    0 each for free seating; a LAP takes nothing. Raises :class:`Refusal`: ``no_seat``, ``seat_taken``.
    """
    if kind == FREE:
        count = sum(wish != LAP for wish in wishes)
        if places_for(places, *ride) < count:
            raise Refusal("no_seat")
        for leg in range(*ride):
            places[leg] = places.get(leg, 0) - count
        return [LAP if wish == LAP else 0 for wish in wishes]
    wanted, found = legs_mask(*ride), dict[int, int]()
    for which in sorted(range(len(wishes)), key=lambda which: wishes[which] is None):
        wish = wishes[which]
        seat = best_seat(seats, wanted) if wish is None else wish
        if seat != LAP:
            take_seat(seats, seat, wanted)
            seats[seat] &= ~wanted
        found[which] = seat
    return [found[which] for which in range(len(wishes))]
