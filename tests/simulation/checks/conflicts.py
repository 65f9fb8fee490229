"""Law 3 where gates could not know of each other: each pair of boardings, or of a boarding and a refund, that reached the hub
is one conflict with both events; and there is none without a cause."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation.checks.readings import BOARDED, LET_IN_APART, REFUNDED, TAKEN_BACK, UNDONE, Happened, Readings
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

# Position of the later event, ticket, position of the earlier one.
Pair = tuple[int, bytes, int]
OF_BOARDING = 0
ASIDE = ("refund_boarded", "boarded_refunded")


def judge(world: World, found: Readings) -> None:
    """The hub's conflicts against those that its log makes; and what gates told against the log."""
    twice, void = _conflicts(found)
    for table, mine in (("boarded_twice", twice), ("void_boarded", void)):
        rows = world.hub.rows(f"SELECT pos, ticket_id, first_pos FROM {table}")
        kept = {(pos, bytes(ticket_id), first) for pos, ticket_id, first in rows}
        for pos, ticket_id, first in sorted(kept ^ mine):
            word = "is without cause" if (pos, ticket_id, first) in kept else "was dropped"
            raise Violation("conflict", f"{table} of ticket {ticket_id.hex()} at {first} and {pos} {word}")
        lost = [pos for pos, _, _ in kept if pos not in found.quarantined]
        if lost:
            raise Violation("conflict", f"nobody is shown the conflict at {lost[0]}")
    _judge_gates(world, found)


def _conflicts(found: Readings) -> tuple[set[Pair], set[Pair]]:
    """(boarded and boarded, boarded and given back), told again in the order of positions."""
    first: dict[bytes, Happened] = {}
    back: dict[bytes, int] = {}
    twice: set[Pair] = set()
    void: set[Pair] = set()
    for event in found.events:
        ticket_id = event.body[0] if event.body else b""
        if event.type in (BOARDED, LET_IN_APART):
            if ticket_id in first:
                twice.add((event.pos, ticket_id, first[ticket_id].pos))
                continue
            first[ticket_id] = event
            if ticket_id in back:
                void.add((event.pos, ticket_id, back[ticket_id]))
        elif event.type == UNDONE and event.body[3] == OF_BOARDING:
            if ticket_id in first and first[ticket_id].log[0] == event.log[0]:
                del first[ticket_id]
        elif event.type in (REFUNDED, TAKEN_BACK) and found.given_back(event) and ticket_id not in back:
            back[ticket_id] = event.pos
            if ticket_id in first:
                void.add((event.pos, ticket_id, first[ticket_id].pos))
    return twice, void


def _judge_gates(world: World, found: Readings) -> None:
    """Whom a gate let in by itself, and its node wrote down, is at the hub; once for each gate."""
    apart = Counter((event.log, event.body[6], event.body[0]) for event in found.events if event.type == LET_IN_APART)
    doubtful = found.tainted_logs() | world.tainted_logs
    for (log, gate, ticket_id), count in apart.items():
        if count > 1 and log not in doubtful:
            raise Violation("apart_twice", f"log {log} says {count} times that {gate} let ticket {ticket_id.hex()} in")
    known = {(gate, ticket_id) for _, gate, ticket_id in apart}
    known |= {(event.body[6], event.body[0]) for event in found.events if event.type == BOARDED}
    held = {data for _, _, data in found.held}
    for _, gate in world.gates.all():
        for disk, tickets in gate.told.items():
            gone = [one for one in tickets if (gate.name, one) not in known and not any(one in data for data in held)]
            if gone and disk not in world.doubtful:
                raise Violation("told_and_lost", f"{gate.name} let {gone[0].hex()} in, and the hub never heard of it")
