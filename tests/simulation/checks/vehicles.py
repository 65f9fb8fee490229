"""Another vehicle: every passenger has a seat that is there and nobody else's, or is listed as having none; and whoever may
meet them was told. Worked out from sales and refunds, beside the list that the hub keeps."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import cbor2

from tests.simulation.checks.books import Trip, Where, seats_of
from tests.simulation.checks.readings import BOOKED, SOLD, Log, Readings, ticket_of
from tests.simulation.told import LAP
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

Cell = tuple[int, int]


class Good(NamedTuple):
    """A ticket that is neither given back nor put aside. ``alone``: it was paid by itself."""

    ticket_id: bytes
    log: Log
    from_idx: int
    to_idx: int
    seat: int
    alone: bool


class Said(NamedTuple):
    """The hub's word on a ticket. ``fault``: it may be given back free."""

    was: int
    seat: int
    placed: bool
    fault: bool


def judge(world: World, found: Readings, trips: dict[Where, Trip]) -> None:
    """Trip by trip, of those that another vehicle runs."""
    changed = {
        (trip_no, day): (seats_of(body), capacity)
        for trip_no, day, body, capacity in world.hub.rows(
            "SELECT trip_no, day, body, capacity FROM vehicle_change ORDER BY number"
        )
    }
    if not changed:
        return
    said: dict[Where, dict[bytes, Said]] = {where: {} for where in changed}
    for row in world.hub.rows("SELECT trip_no, day, ticket_id, was, seat, placed, fault FROM reseat"):
        said[row[0], row[1]][bytes(row[2])] = Said(row[3], row[4], bool(row[5]), bool(row[6]))
    good, doubtful = _good(found, set(changed)), found.tainted_logs() | world.tainted_logs
    for where, (seats, capacity) in sorted(changed.items()):
        listed, here = said[where], good.get(where, [])
        _judge_listed(where, here, listed)
        if trips[where].reserved:
            _judge_seats(where, here, listed, seats)
            _judge_moved(where, listed, here, trips[where], doubtful)
            _judge_standing(where, here, listed, seats, trips[where])
        else:
            _judge_places(where, here, listed, capacity)
    _judge_told(world, found, said)


def _judge_listed(where: Where, here: list[Good], listed: dict[bytes, Said]) -> None:
    """The list speaks of seats that were sold, and who has none owes nothing for giving the ticket back."""
    for one in here:
        word = listed.get(one.ticket_id)
        if word is not None and (word.was != one.seat or not (word.placed or word.fault)):
            raise Violation(
                "reseated_wrong", f"trip {where}: ticket {one.ticket_id.hex()} of seat {one.seat} is {word}"
            )


def _judge_seats(where: Where, here: list[Good], listed: dict[bytes, Said], seats: frozenset[int]) -> None:
    """A seat that there is, and on no leg that of a passenger who was seated anew. Two who bought one seat are judged by what
    they were told."""
    sits: dict[Cell, Good] = {}
    for one in sorted(here, key=lambda one: one.ticket_id in listed):
        word = listed.get(one.ticket_id)
        seat = one.seat if word is None else word.seat if word.placed else 0
        if one.seat == LAP or not seat:
            continue
        if seat not in seats:
            raise Violation(
                "seat_gone", f"trip {where}: ticket {one.ticket_id.hex()} is left on seat {seat}, which is none"
            )
        for leg in range(one.from_idx, one.to_idx):
            first = sits.setdefault((seat, leg), one)
            if first is not one and seat != one.seat:
                raise Violation(
                    "seated_twice",
                    f"trip {where}: tickets {first.ticket_id.hex()} and {one.ticket_id.hex()} on seat {seat}, leg {leg}",
                )


def _judge_moved(where: Where, listed: dict[bytes, Said], here: list[Good], trip: Trip, doubtful: set[Log]) -> None:
    """Whoever was seated anew sits where nobody can sell."""
    for one in here:
        word = listed.get(one.ticket_id)
        if word is None or not word.placed or word.seat in (0, one.seat):
            continue
        for leg in range(one.from_idx, one.to_idx):
            cell = (word.seat, leg)
            owners = [log for log, hands in trip.hands.items() if hands[cell] > trip.at_risk[cell]]
            if set(owners) - doubtful:
                raise Violation(
                    "seated_in_hands", f"trip {where}: ticket {one.ticket_id.hex()} on {cell}, which {owners} hold"
                )


def _judge_standing(
    where: Where, here: list[Good], listed: dict[bytes, Said], seats: frozenset[int], trip: Trip
) -> None:
    """Nobody who bought one ticket stands beside a seat that nobody has."""
    taken = {cell for some in (*trip.hands.values(), *trip.sold.values()) for cell, count in some.items() if count > 0}
    for one in here:
        word = listed.get(one.ticket_id)
        if word is not None and word.placed:
            taken |= {(word.seat, leg) for leg in range(one.from_idx, one.to_idx)}
    for one in here:
        word = listed.get(one.ticket_id)
        if word is None or word.placed or not one.alone:
            continue
        legs = range(one.from_idx, one.to_idx)
        free = sorted(seat for seat in seats if not any((seat, leg) in taken for leg in legs))
        if free:
            raise Violation("stands_beside_seat", f"trip {where}: ticket {one.ticket_id.hex()} stands, {free} are free")


def _judge_places(where: Where, here: list[Good], listed: dict[bytes, Said], capacity: int) -> None:
    """Where heads are counted, no more have a place than the vehicle takes."""
    heads: Counter[int] = Counter()
    for one in here:
        word = listed.get(one.ticket_id)
        if one.seat != LAP and (word is None or word.placed):
            heads.update(range(one.from_idx, one.to_idx))
    if heads and max(heads.values()) > capacity:
        raise Violation("seated_twice", f"trip {where}: {max(heads.values())} have a place in a vehicle for {capacity}")


def _judge_told(world: World, found: Readings, said: dict[Where, dict[bytes, Said]]) -> None:
    """Every box that stands at a stop of the trip, or runs it, has the hub's word on each ticket."""
    stops: dict[int, set[int]] = {}
    query = "SELECT t.trip_no, p.stop_no FROM trip t JOIN pattern_stop p ON p.pattern_no = t.pattern_no"
    for trip_no, stop_no in world.hub.rows(query):
        stops.setdefault(trip_no, set()).add(stop_no)
    nodes = {
        row[0]: (row[1], set(json.loads(row[2]))) for row in world.hub.rows("SELECT node_no, kind, stop_nos FROM node")
    }
    runs = set(world.hub.rows("SELECT node_no, trip_no, day FROM duty"))
    for disk in found.disks:
        if not disk.current or disk.log is None or disk.tainted:
            continue
        node_no = disk.log[0]
        kind, at = nodes[node_no]
        for where, listed in said.items():
            meets = (node_no, *where) in runs if kind == "vehicle" else bool(at & stops.get(where[0], set()))
            for ticket_id, word in listed.items() if meets else ():
                _, body = disk.operations.get((f"trip/{where[0]}/{where[1]}", f"reseat/{ticket_id.hex()}"), (0, None))
                if body is None or Said(*cbor2.loads(body)[2:6]) != word:
                    raise Violation("reseat_untold", f"{disk.name} was not told of ticket {ticket_id.hex()} on {where}")


def _good(found: Readings, wanted: set[Where]) -> dict[Where, list[Good]]:
    back = {found.given_back(event) for event in found.events}
    together = {
        (event.log, event.body[0] + n) for event in found.events if event.type == BOOKED for n in range(event.body[1])
    }
    good: dict[Where, list[Good]] = {}
    for event in found.events:
        if event.type != SOLD or (event.body[1], event.body[2]) not in wanted or event.pos in found.quarantined:
            continue
        serial, trip_no, day, from_idx, to_idx, seat = event.body[:6]
        ticket_id = ticket_of(event.log, serial)
        if ticket_id not in back:
            alone = (event.log, serial) not in together
            good.setdefault((trip_no, day), []).append(Good(ticket_id, event.log, from_idx, to_idx, seat, alone))
    return good
