"""Several riders and legs in addresses and forms: ``leg=TRIP-DAY-FROM-TO`` once a leg, a number for each kind of rider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.datastructures import MultiDict

from edge.domains.ticketing.office.bookings import Rider, Wish
from kiosk_ui.kernel.forms import MAX_DAY, MAX_STOPS, MAX_WHOLE, RideKey, optional_whole, ride_key
from sync.domains.ticketing.office.bookings import MOST_LEGS, MOST_RIDERS
from sync.domains.ticketing.office.fares import CHILD_FREE, MOST_OF_ONE_EXTRA
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.timetable.service import Ride


@dataclass(frozen=True)
class Choice:
    """A kind of rider that all legs are sold to: what one pays for all of them, and the proofs of which one is needed."""

    rider: str
    price_minor: int
    proofs: tuple[str, ...]


def leg_text(key: RideKey) -> str:
    """A ride as one parameter of an address."""
    return f"{key.trip_no}-{key.day}-{key.from_idx}-{key.to_idx}"


def legs_of(source: MultiDict[str, str]) -> list[RideKey]:
    """The legs that an address or a form names, also the one of ``trip``, ``day``, ``from`` and ``to``. Raises
    :class:`Refusal` ``input_ride``."""
    texts = source.getlist("leg")[:MOST_LEGS]
    if not texts:
        return [ride_key(source)]
    found = []
    for text in texts:
        parts = text.split("-")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 17 for part in parts):
            raise Refusal("input_ride", status=422)
        numbers = [int(part) for part in parts]
        bounds = (MAX_WHOLE, MAX_DAY, MAX_STOPS, MAX_STOPS)
        if any(number > most for number, most in zip(numbers, bounds, strict=True)):
            raise Refusal("input_ride", status=422)
        found.append(RideKey(*numbers))
    return found


def rides_of(node: Node, keys: Sequence[RideKey]) -> list[Ride]:
    """The rides of the legs."""
    return [node.timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx) for key in keys]


def choices(node: Node, rides: Sequence[Ride]) -> list[Choice]:
    """The kinds of riders to whom every leg is sold."""
    offered = [node.fares.offered(ride) for ride in rides]
    found = []
    for rider in RIDERS:
        prices = [one[rider] for one in offered if rider in one]
        if len(prices) == len(rides):
            proofs = tuple(dict.fromkeys(proof for price in prices for proof in price.proofs))
            found.append(Choice(rider, sum(price.minor for price in prices), proofs))
    return found


def riders_of(source: MultiDict[str, str]) -> tuple[Rider, ...]:
    """The riders that a form counts (``n_RIDER``), with their proofs (``proof_RIDER``); chosen seats (``seat``, of the only
    leg) go to those who take one, in turn. Raises :class:`Refusal` ``input_whole``."""
    seats, found = _chosen(source), []
    for rider in RIDERS:
        for _ in range(optional_whole(source, f"n_{rider}", MOST_RIDERS) or 0):
            seat = seats.pop(0) if seats and rider != RIDERS[CHILD_FREE] else None
            found.append(Rider(rider, (seat,), source.get(f"proof_{rider}", "")))
    return tuple(found)


def extras_of(source: MultiDict[str, str], codes: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """How many of each extra a form counts (``x_CODE``). Raises :class:`Refusal` ``input_whole``."""
    counts = [(code, optional_whole(source, f"x_{code}", MOST_OF_ONE_EXTRA) or 0) for code in codes]
    return tuple((code, count) for code, count in counts if count)


def _chosen(source: MultiDict[str, str]) -> list[int]:
    return [int(text) for text in source.getlist("seat") if text.isascii() and text.isdigit() and len(text) < 5]


def wish_of(node: Node, source: MultiDict[str, str]) -> Wish:
    """The booking that a form asks for. Raises :class:`Refusal`: ``input_ride``, ``input_whole``, ``party_seats_many`` (more
    seats than riders who take one: which of them is meant, only the one who chose can say)."""
    keys, riders, chosen = legs_of(source), riders_of(source), len(_chosen(source))
    wanted = sum(one.rider != RIDERS[CHILD_FREE] for one in riders)
    if chosen > wanted > 0:
        raise Refusal("party_seats_many", status=422, field="seat", wanted=wanted, chosen=chosen)
    codes = [code for code, _, _ in node.fares.rules(keys[0].trip_no).extras]
    legs = tuple((key.trip_no, key.day, key.from_idx, key.to_idx) for key in keys)
    return Wish(legs, riders, extras_of(source, codes))
