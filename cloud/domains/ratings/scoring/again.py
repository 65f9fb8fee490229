"""The scores worked out anew from the events alone: the log is read as it came, and no table of ratings is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.scoring.live import Scoreboard
from cloud.domains.ratings.scoring.tally import Scores, Subject, add_up
from cloud.kernel.eventcheck import check
from cloud.kernel.tables import event_log
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings import rules
from sync.domains.ratings.events import TripRated
from sync.kernel.errors import Malformed
from sync.kernel.events import Event, Registry

E = TypeVar("E", bound=Event)
TICKET_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Recomputed:
    """``ratings``: verified ones that count."""

    ratings: int
    scores: Scores


def recompute(tx: Connection, registry: Registry, board: Scoreboard, until_day: int) -> Recomputed:
    """Scores of trips up to service day ``until_day``: the first rating of each ticket, if the ticket had boarded on that trip
    before. What people accepted or rejected of a log's end stands in the log, too."""
    first: dict[bytes, tuple[int, TripRated]] = {}
    for pos, event in _events(tx, registry, TripRated):
        good = len(event.ticket_id) == TICKET_ID_BYTES and rules.in_bounds(event.level, event.tags, event.comment)
        if good and event.ticket_id not in first:
            first[event.ticket_id] = (pos, event)
    boarded: dict[bytes, tuple[int, int, int]] = {}
    for pos, seen in _events(tx, registry, TicketBoarded):
        if seen.ticket_id in first and seen.ticket_id not in boarded:
            boarded[seen.ticket_id] = (pos, seen.trip_no, seen.day)
    counted: Counter[tuple[int, int, int]] = Counter()
    for ticket_id, (pos, event) in first.items():
        ride = boarded.get(ticket_id)
        proven = ride is not None and ride[0] < pos and ride[1:] == (event.trip_no, event.day)
        if proven and rules.is_day(event.day) and event.day <= until_day:
            counted[event.trip_no, event.day, event.level] += 1
    facts = board.facts(tx, {(trip_no, day) for trip_no, day, _ in counted})
    scores = add_up(((*key, count) for key, count in sorted(counted.items())), facts)
    return Recomputed(sum(counted.values()), scores)


def differences(one: Scores, other: Scores) -> list[Subject]:
    """Of whom two sets of scores say different things."""
    return sorted(subject for subject in {*one, *other} if one.get(subject) != other.get(subject))


def _events(tx: Connection, registry: Registry, kind: type[E]) -> Iterator[tuple[int, E]]:
    """(position, event) of one kind in the order of the log; what can't be read was never counted."""
    query = sa.select(event_log.c.pos, event_log.c.bytes).where(event_log.c.type == kind.TYPE).order_by(event_log.c.pos)
    for pos, data in tx.execute(query.execution_options(yield_per=1_000)):
        try:
            envelope = registry.decode(bytes(data))
        except Malformed:
            continue
        if isinstance(envelope.event, kind) and check(envelope) is None:
            yield pos, envelope.event
