"""What can be bought: rides with their price and what is left. An offer promises nothing; a booking does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.sellers.books.naming import Shown
from cloud.domains.sellers.service import BOOKABLE_MS, Wish
from cloud.kernel.ports import Office, Places, Ride, Seats, Timetable
from sync.catalogue import LANGUAGES
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock
from sync.kernel.ticket import RIDERS

MOST_OFFERS: Final = 50
MOST_NAMES: Final = 8
_MOST_STOPS: Final = 200
_ID: Final = re.compile(r"(\d{1,10})-(\d{1,6})-(\d{1,4})-(\d{1,4})-(\d{1,12})-([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Offer:
    """A ride, how many places are ``left``, the ``seats`` to choose from (none for free seating), and the price of each rider.
    ``laps``: for how many children without a seat there is room.
    ``named``: each traveller shows a document; ``labels``: seat → what stands on it;
    ``proofs``: rider → of which proofs one has to be seen."""

    ride: Ride
    from_name: str
    to_name: str
    left: int
    seats: tuple[int, ...]
    prices: Mapping[str, int] = field(default_factory=dict)
    laps: int = 0
    named: bool = False
    labels: Mapping[int, str] = field(default_factory=dict)
    proofs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def offer_id(self) -> str:
        """Names the ride and the price that was shown: a booking looks both up again, so nobody gains by writing one."""
        ride = self.ride
        where = f"{ride.trip_no}-{ride.day}-{ride.from_idx}-{ride.to_idx}"
        return f"{where}-{ride.price_minor}-{ride.currency}"


def wish(
    offer_id: str, seat: int | None, rider: str = RIDERS[0], proof: str = "", document: Shown | None = None
) -> Wish:
    """What an offer's id names. Raises :class:`Refusal` ``offer_form``."""
    found = _ID.fullmatch(offer_id)
    if found is None:
        raise Refusal("offer_form", status=422, field="offer_id")
    trip_no, day, from_idx, to_idx, price = map(int, found.groups()[:5])
    return Wish(trip_no, day, from_idx, to_idx, price, found[6], seat, rider, proof, document)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody may mean by a typed place: one ``name`` with its stops, or ``names`` to choose from."""

    name: str
    stop_nos: tuple[int, ...]
    names: tuple[str, ...] = ()


class Offers:
    """Looks for rides that the hub can sell."""

    def __init__(self, places: Places, rides: Timetable, seats: Seats, office: Office, clock: Clock) -> None:
        self._places, self._rides, self._seats, self._office, self._clock = places, rides, seats, office, clock

    def today(self, tx: Connection) -> int:
        """The calendar day at the network's stations."""
        return days.day_at(self._clock.wall_ms(), self._places.main_zone(tx))

    def place(self, tx: Connection, text: str, language: str) -> Typed:
        """The place that ``text`` names, in whatever language; ``language``: of the names in the answer.

        Raises :class:`Refusal` ``stop_unknown``.
        """
        found: dict[str, list[int]] = {}
        for stop_no, _, name, _ in self._places.search_stops(tx, text, language, _MOST_STOPS):
            found.setdefault(name, []).append(stop_no)
        if not text.strip() or not found:
            raise Refusal("stop_unknown", status=404, text=text[:40])
        if text.strip() not in found and len(found) > 1:
            found = self._named_elsewhere(tx, text.strip(), language, found) or found
        exact = text.strip() if text.strip() in found else next(iter(found)) if len(found) == 1 else ""
        return Typed(exact, tuple(found.get(exact, ())), () if exact else tuple(found)[:MOST_NAMES])

    def _named_elsewhere(
        self, tx: Connection, text: str, language: str, found: Mapping[str, list[int]]
    ) -> dict[str, list[int]]:
        """Of the stops that were ``found`` under their names in ``language``, those whose whole name in another is ``text``."""
        named = {
            stop_no
            for other in LANGUAGES
            if other != language
            for stop_no, _, name, _ in self._places.search_stops(tx, text, other, _MOST_STOPS)
            if name == text
        }
        return {name: stop_nos for name, stop_nos in found.items() if named & set(stop_nos)}

    def one(self, tx: Connection, offer_id: str, language: str) -> Offer:
        """An offer again, with the price and what is left of it now. Raises as :func:`wish`, and as the timetable does."""
        said = wish(offer_id, None)
        ride = self._rides.ride(tx, said.trip_no, said.day, said.from_idx, said.to_idx)
        left = self._seats.left(tx, *ride.where, ride.from_idx, ride.to_idx)
        names = self._places.stop_names(tx, {ride.from_stop_no, ride.to_stop_no}, language)
        return self._offer(tx, ride, names, left)

    def span_ms(self, tx: Connection, first: int, last: int) -> tuple[int, int]:
        """From the begin of one calendar day to the end of another, in milliseconds since 1970."""
        zone = self._places.main_zone(tx)
        return days.instant_ms(first, 0, zone), days.instant_ms(last + 1, 0, zone)

    def search(
        self, tx: Connection, from_nos: Sequence[int], to_nos: Sequence[int], day: int, places: int, language: str
    ) -> list[Offer]:
        """Direct rides on a calendar day that have not left and have ``places`` left, by departure."""
        zone, now = self._places.main_zone(tx), self._clock.wall_ms()
        from_ms, until_ms = days.instant_ms(day, 0, zone), days.instant_ms(day + 1, 0, zone)
        until_ms = min(until_ms, now + BOOKABLE_MS)
        rides = self._places.rides(tx, from_nos, to_nos, max(from_ms, now + 1), until_ms, MOST_OFFERS)
        stops = {number for ride in rides for number in (ride.from_stop_no, ride.to_stop_no)}
        names = self._places.stop_names(tx, stops, language)
        found = []
        for ride in rides:
            left = self._seats.left(tx, *ride.where, ride.from_idx, ride.to_idx)
            if left[0] >= places:
                found.append(self._offer(tx, ride, names, left))
        return found

    def _offer(
        self, tx: Connection, ride: Ride, names: Mapping[int, str], left: tuple[int, tuple[int, ...], int]
    ) -> Offer:
        today = days.day_at(self._clock.wall_ms(), ride.zone)
        ends = names.get(ride.from_stop_no, ""), names.get(ride.to_stop_no, "")
        labels = self._seats.labels(tx, ride.where) if ride.reserved else {}
        offered, named = self._office.offered(tx, ride, today), self._named(tx, ride, today)
        prices = {rider: price.minor for rider, price in offered.items()}
        proofs = {rider: price.proofs for rider, price in offered.items()}
        places, seats, laps = left
        return Offer(ride, *ends, places, seats, prices, laps, named, labels, proofs)

    def _named(self, tx: Connection, ride: Ride, today: int) -> bool:
        return self._office.demands_name(tx, ride.agency_no, ride.route_no, ride.route_type, today)
