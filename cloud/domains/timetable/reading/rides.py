"""Rides that may be sold, from one place to another."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.reading.departures import dated_trips_at
from cloud.domains.timetable.reading.facts import TripFacts, trip_facts
from cloud.kernel.ports import Ride
from sync.domains.inventory.rules import RESERVED
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Stop
from sync.kernel.errors import Refusal

# So many departures are looked through for those that go the right way.
_MOST: Final = 2_000
_STOPS: Final = select(tables.stop.c.stop_no, tables.stop.c.body).where(tables.stop.c.live)


@lru_cache(50_000)
def _parent(body: bytes) -> int | None:
    return Stop.from_bytes(body).parent_no


def ride(tx: Connection, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
    """One ride. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``, ``not_for_sale``, and as
    :func:`sync.domains.timetable.rules.check_ride`."""
    facts = trip_facts(tx, trip_no)
    if facts is None:
        raise Refusal("no_such_trip", status=404)
    if not facts.runs(day):
        raise Refusal("not_running", status=404, field="day")
    rules.check_ride(facts.pattern, from_idx, to_idx)
    price = rules.fare_minor(facts.pattern, from_idx, to_idx)
    if not facts.for_sale or price is None:
        raise Refusal("not_for_sale")
    return _ride(facts, day, from_idx, to_idx, price)


def way(tx: Connection, trip_no: int) -> tuple[int, str, int, str]:
    """Operator, currency, route and vehicle of a trip: they decide for which rides its tickets may be exchanged.

    Raises :class:`Refusal` ``no_such_trip``.
    """
    facts = trip_facts(tx, trip_no)
    if facts is None:
        raise Refusal("no_such_trip", status=404)
    return facts.agency_no, facts.currency, facts.route_no, facts.route.seat_plan


def ends_of(tx: Connection, trip_no: int, from_idx: int, to_idx: int) -> tuple[int, int, str]:
    """Numbers of the first and last stop of a ride, for sale or not, and the time zone of its clocks. Raises
    :class:`Refusal` ``no_such_trip``."""
    facts = trip_facts(tx, trip_no)
    if facts is None:
        raise Refusal("no_such_trip", status=404)
    return facts.stop_nos[from_idx], facts.stop_nos[to_idx], facts.zone


def operator(tx: Connection, trip_no: int) -> tuple[int, str]:
    """Number and time zone of the operator of a trip, published or not. Raises :class:`Refusal` ``no_such_trip``."""
    facts = trip_facts(tx, trip_no)
    if facts is None:
        raise Refusal("no_such_trip", status=404)
    return facts.agency_no, facts.zone


def rides(
    tx: Connection, from_nos: Collection[int], to_nos: Collection[int], from_ms: int, until_ms: int, limit: int
) -> list[Ride]:
    """Direct rides from one of some stops to one of others that leave in the span, by departure. A station stands for its
    platforms too."""
    stops = tx.execute(_STOPS).all()
    origins, targets = ({row.stop_no for row in stops if {row.stop_no, _parent(row.body)} & set(nos)}
                        for nos in (from_nos, to_nos))  # fmt: skip
    found: list[Ride] = []
    for dated in dated_trips_at(tx, origins, from_ms, until_ms, _MOST):
        facts = trip_facts(tx, dated.trip_no)
        if facts is None or not facts.for_sale:
            continue
        for idx in range(dated.stop_idx + 1, len(facts.stop_nos)):
            price = rules.fare_minor(facts.pattern, dated.stop_idx, idx)
            if facts.stop_nos[idx] in targets and facts.drop_off[idx] and price is not None:
                found.append(_ride(facts, dated.day, dated.stop_idx, idx, price))
                break
        if len(found) >= limit:
            break
    return found


def _ride(facts: TripFacts, day: int, from_idx: int, to_idx: int, price_minor: int) -> Ride:
    return Ride(
        trip_no=facts.trip_no,
        day=day,
        from_idx=from_idx,
        to_idx=to_idx,
        from_stop_no=facts.stop_nos[from_idx],
        to_stop_no=facts.stop_nos[to_idx],
        departs_ms=facts.departs_ms(day, from_idx),
        arrives_ms=facts.arrives_ms(day, to_idx),
        ends_ms=facts.arrives_ms(day, len(facts.stop_nos) - 1),
        agency_no=facts.agency_no,
        route_no=facts.route_no,
        route_type=facts.route.route_type,
        zone=facts.zone,
        price_minor=price_minor,
        currency=facts.currency,
        reserved=facts.seat_plan_kind == RESERVED,
    )
