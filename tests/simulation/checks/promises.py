"""Law 1, 3 and 7: what people were told is in the books; a ticket boards once; a revoked box adds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cbor2

from tests.simulation.checks.readings import (
    BOARDED,
    LET_IN_APART,
    PAID_OUT,
    PAY_ASKED,
    RATED,
    REFUNDED,
    RETURNED,
    SOLD,
    TAKEN_BACK,
    Happened,
    Log,
    Readings,
)
from tests.simulation.told import Paper, serial_of
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

# What the hub may put aside although nobody did wrong: gates that could not know of each other.
EXPECTED = {"boarded_twice", "rated_twice", "at_risk_clash", "refund_boarded", "boarded_refunded", "document_twice"}
# Crews and gates that could not know of each other.
APART = {"no_show_boarded", "marked_twice", "freed_twice", "undo_unknown"}
# What a hub that was restored makes of a seat of which it has forgotten that it is free.
AFTER_WORD = {"seat_sold_twice", "return_sold", "outside_grant", "free_children_over"}
# Where a ticket was paid out elsewhere on the hub's word, before the box that sold it heard of that.
DECIDED = {"refund_paid_out", "payout_twice", "replace_unknown_ticket"}


def judge(world: World, found: Readings) -> None:
    """Everything that was told, and everything that was put aside."""
    sold = {(*event.log, event.body[0]): event.body for event in found.events if event.type == SOLD}
    elsewhere, aside = _elsewhere(found), _aside(found)
    sold |= {(*log, body[0]): body for log, number, body in aside if number == SOLD and (*log, body[0]) not in sold}
    for paper in world.told.papers:
        _judge_paper(world, paper, sold, elsewhere, found)
    boarded = {event.body[0] for event in found.events if event.type in (BOARDED, LET_IN_APART)}
    boarded |= _first(aside, BOARDED) | _first(aside, LET_IN_APART)
    rated = {event.body[0] for event in found.events if event.type == RATED} | _first(aside, RATED)
    refunded = {event.body[0] for event in found.events if event.type == REFUNDED} | _first(aside, REFUNDED)
    paid = {event.body[2] for event in found.events if event.type == PAID_OUT}
    paid |= {body[2] for _, number, body in aside if number == PAID_OUT}
    for told, known, word in (
        (world.told.boarded, boarded, "boarded"),
        (world.told.rated, rated, "rated"),
        ({disk: set(keys) for disk, keys in world.told.refunded.items()}, refunded, "refunded"),
        ({disk: set(keys) for disk, keys in world.told.paid.items()}, paid, "paid out"),
    ):
        for disk, ids in told.items():
            missing = ids - known
            if missing and disk not in world.doubtful:
                raise Violation(
                    "told_and_lost", f"{disk[0]} {word} {min(missing).hex()}, and the hub never heard of it"
                )
    _judge_quarantine(world, found)
    for log, head in world.revoked.items():
        if found.keys[log].head_seq > head:
            raise Violation("revoked_grew", f"log {log} was revoked at event {head} and has {found.keys[log].head_seq}")


def _aside(found: Readings) -> list[tuple[Log, int, list[Any]]]:
    """(log, type, body) of what a box handed in of a log that it had ended: the hub keeps it until a person decides."""
    ended = {log for disk in found.disks for log in disk.past}
    kept = [((node_no, epoch), cbor2.loads(data)) for node_no, epoch, data in found.held if (node_no, epoch) in ended]
    return [(log, event[0], event[5]) for log, event in kept]


def _first(aside: list[tuple[Log, int, list[Any]]], wanted: int) -> set[Any]:
    return {body[0] for _, number, body in aside if number == wanted}


def _judge_paper(world: World, paper: Paper, sold: dict[Any, list[Any]], elsewhere: set[Any], found: Readings) -> None:
    log = int.from_bytes(paper.ticket_id[:3], "big"), paper.ticket_id[3]
    place = (*log, serial_of(paper.ticket_id))
    said = [paper.trip_no, paper.day, paper.from_idx, paper.to_idx, paper.seat]
    if place in sold and sold[place][1:6] == said and sold[place][7:9] == [paper.price_minor, paper.currency]:
        return
    if paper.lost or ((paper.unsure or log in world.revoked) and (*place, *said) in elsewhere):
        return
    if paper.unsure and paper.disk in world.doubtful:
        return
    status = found.keys[log].status if log in found.keys else "unknown"
    raise Violation("told_and_lost", f"{paper.disk[0]} sold {paper.text}, and the hub has no such sale ({status})")


def _elsewhere(found: Readings) -> set[Any]:
    """Sales that the hub keeps aside, or that stand on a disk still."""
    kept = set(found.held)
    for disk in found.disks:
        if disk.log is not None:
            kept |= {(*disk.log, data) for _, data in disk.events}
        kept |= {(*log, data) for log, events in disk.past.items() for data in events}
    sales = set()
    for node_no, epoch, data in kept:
        number, _, _, _, _, body = cbor2.loads(data)
        if number == SOLD:
            sales.add((node_no, epoch, *body[:6]))
    return sales


def _judge_quarantine(world: World, found: Readings) -> None:
    tainted = found.tainted_logs() | world.tainted_logs
    by_pos = {event.pos: event for event in found.events}
    decided = {event.body[2] for event in found.events if event.type == PAID_OUT}
    aside = {event[5][0] for event in map(cbor2.loads, (data for _, _, data in found.held)) if event[0] == PAY_ASKED}
    for pos, code in found.quarantined.items():
        event = by_pos[pos]
        if code in EXPECTED or code in APART or event.log in tainted:
            continue
        if code == "seat_sold_twice" and event.type == SOLD and world.told.dared(
            (event.body[1], event.body[2]), event.body[5], event.body[3], event.body[4]
        ):  # fmt: skip
            continue  # the clash is seen; that it was dared, a restored hub may have forgotten
        if code in DECIDED and event.body[2 if event.type == PAID_OUT else 0] in decided:
            continue
        if code == "seat_sold_twice" and event.type == SOLD and _freed_by_own(event, found, tainted):
            continue
        if code in ("payout_unknown", "taken_undecided") and world.fired["restored_hub"]:
            continue  # the word was given, and forgotten
        if code in AFTER_WORD and _on_forgotten_word(event, found):
            continue
        if code == "payment_unknown" and event.body[0] in aside:
            continue  # asked for in a log whose end the hub keeps aside
        raise Violation("quarantined", f"event {event.seq} of log {event.log} was put aside: {code}")


def _on_forgotten_word(event: Happened, found: Readings) -> bool:
    """Whether the same log took a seat of this trip back on a word that a restored hub has forgotten: to it the seat is sold."""
    return event.type in (SOLD, RETURNED) and any(
        other.type == TAKEN_BACK
        and other.log == event.log
        and other.body[1:3] == event.body[1:3]
        and other.pos < event.pos
        and found.quarantined.get(other.pos) == "taken_undecided"
        for other in found.events
    )


def _freed_by_own(event: Happened, found: Readings, tainted: set[Log]) -> bool:
    """Whether the hub's own node had sold the seat in a log whose end a restored hub has forgotten, and the refund with it."""
    _, trip_no, day, from_idx, to_idx, seat = event.body[:6]
    return any(
        other.type == SOLD
        and other.log in tainted
        and [other.body[1], other.body[2], other.body[5]] == [trip_no, day, seat]
        and other.body[3] < to_idx
        and other.body[4] > from_idx
        for other in found.events
        if other.log[0] == found.own_no
    )
