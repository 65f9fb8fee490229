"""Shifts: what must be in a drawer, worked out of the events between its opening and its closing, is what the slip said to
the clerk, what the box wrote down, and what the hub keeps; by currency and way of payment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.checks.money import BACK, moved
from tests.simulation.checks.readings import (
    BOOKED,
    CASH,
    CASH_MOVED,
    PAID_OUT,
    REFUNDED,
    SHIFT_CLOSED,
    SHIFT_OPENED,
    SOLD,
    Happened,
    Log,
    Readings,
)
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

Kind = tuple[str, int]
Key = tuple[Log, int]
# Where an event says whose drawer it was.
CLERK_AT = {SOLD: 10, BOOKED: 5, REFUNDED: 12, PAID_OUT: 9}


@dataclass
class _Drawer:
    shift_no: int
    touched: set[Kind] = field(default_factory=set)
    money: Counter[Kind] = field(default_factory=Counter)

    def put(self, kind: Kind, minor: int) -> None:
        self.touched.add(kind)
        self.money[kind] += minor


def judge(world: World, found: Readings) -> None:
    """Every shift of every honest log."""
    doubtful = found.tainted_logs() | world.tainted_logs
    mine: dict[Key, dict[Kind, int]] = {}
    for log, events in found.by_log(doubtful).items():
        mine |= _shifts(log, events, found)
    hub: dict[Key, dict[Kind, int]] = {}
    query = "SELECT node_no, epoch, shift_no, currency, payment, expected_minor, claimed_minor FROM shift_line"
    for node_no, epoch, shift_no, currency, payment, expected, claimed in world.hub.rows(query):
        if ((node_no, epoch), shift_no) in mine:
            hub.setdefault(((node_no, epoch), shift_no), {})[currency, payment] = expected
            if expected != claimed:
                raise Violation(
                    "drawer", f"shift {shift_no} of log {(node_no, epoch)}: {claimed} claimed of {expected}"
                )
    for key, lines in mine.items():
        if _full(lines) != _full(hub.get(key, {})):
            raise Violation(
                "drawer", f"shift {key[1]} of log {key[0]}: its events make {lines}, the hub {hub.get(key)}"
            )
    for drawn in world.told.drawers:
        known = mine.get((drawn.log, drawn.shift_no))
        if drawn.log in doubtful or drawn.disk in world.doubtful:
            continue
        if known is None or _full(known) != _full(drawn.lines):
            raise Violation(
                "drawer", f"{drawn.disk[0]} gave a slip over {drawn.lines} for shift {drawn.shift_no}: {known}"
            )


def _shifts(log: Log, events: list[Happened], found: Readings) -> dict[Key, dict[Kind, int]]:
    """Closed shifts of a log: what is in the drawer by its events; it must be what the box wrote down."""
    open_now: dict[int, _Drawer] = {}
    done: dict[Key, dict[Kind, int]] = {}
    counted: dict[int, dict[str, int]] = {}
    for event in events:
        if event.type == SHIFT_OPENED:
            drawer = open_now[event.body[1]] = _Drawer(event.body[0])
            if event.body[3] and dict(event.body[2]) != counted.get(event.body[3]):
                raise Violation(
                    "drawer", f"log {log} event {event.seq} begins with {event.body[2]}, counted were {counted}"
                )
            for currency, minor in event.body[2]:
                drawer.put((currency, CASH), minor)
        elif event.type == CASH_MOVED and event.body[1] in open_now:
            open_now[event.body[1]].put((event.body[3], CASH), event.body[4] if event.body[2] else -event.body[4])
        elif event.type == SHIFT_CLOSED:
            last = open_now.pop(event.body[1], None)
            if last is None or last.shift_no != event.body[0]:
                raise Violation("drawer", f"log {log} event {event.seq} closes a shift that is not open")
            said = {(line[0], line[1]): line[2] for line in event.body[2]}
            if _full(said) != _full(last.money):
                raise Violation("drawer", f"log {log} event {event.seq} says {said}, its events {dict(last.money)}")
            counted[last.shift_no] = {line[0]: line[3] for line in event.body[2] if line[1] == CASH and line[3]}
            done[log, last.shift_no] = {kind: last.money[kind] for kind in last.touched}
        else:
            _count(open_now, event)
    return done


def _count(open_now: dict[int, _Drawer], event: Happened) -> None:
    money = moved(event.type, event.body)
    drawer = open_now.get(event.body[CLERK_AT[event.type]]) if money is not None else None
    if money is not None and drawer is not None:
        way, minor, currency, payment = money
        drawer.put((currency, payment), -minor if way == BACK else minor)


def _full(lines: dict[Kind, int] | Counter[Kind]) -> dict[Kind, int]:
    """Without kinds of which there is nothing."""
    return {kind: minor for kind, minor in lines.items() if minor}
