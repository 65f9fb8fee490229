"""Where trips are, as their drivers say; and telling everybody of a trip that is late."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.duties.apply import DutyApplier, Key, read_word, told
from cloud.domains.duties.tables import trip_word
from cloud.kernel import clerks, nodes, streams
from cloud.kernel.clerks import Clerks
from cloud.kernel.fold import Folded
from cloud.kernel.nodes import NodeInfo
from cloud.kernel.ports import Delays, VehicleDuties
from cloud.kernel.tables import node
from sync import catalogue
from sync.domains.duties import rules
from sync.domains.duties.events import (
    DutyTaken,
    TripCutShort,
    TripDelayed,
    TripEnded,
    TripHandedOver,
    TripStarted,
    TripTakenOver,
    TripWordTaken,
)
from sync.domains.duties.operations import open_handover
from sync.domains.duties.rest.operations import Driven
from sync.domains.duties.rest.rules import KEPT_MS, driven
from sync.domains.duties.rules import Run, Story
from sync.kernel.errors import Refusal
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock

Where = tuple[int, int]
Kinds = tuple[type[TripDelayed | TripCutShort | TripTakenOver | TripWordTaken], ...]
ROLE: Final = "driver"
_AT_WHEEL: Final = (DutyTaken, TripStarted, TripEnded, TripHandedOver, TripTakenOver, TripWordTaken)
_LATE: Final = (TripDelayed, TripWordTaken)
_ENDING: Final = (TripCutShort, TripWordTaken, TripTakenOver)
_LISTED: Final = 400


@dataclass(frozen=True, slots=True)
class RunLine:
    """A dated trip as one box runs it."""

    node_no: int
    node_name: str
    trip_no: int
    day: int
    run: Run


class DutiesService:
    """``vehicles`` keeps which box runs which trip; ``delays`` tells whoever knows a trip that it is late."""

    def __init__(self, vehicles: VehicleDuties, people: Clerks, delays: Delays, clock: Clock) -> None:
        self._vehicles, self._people, self._delays, self._clock = vehicles, people, delays, clock
        self._texts = catalogue.load()

    def assign(self, tx: Connection, info: NodeInfo, where: Where, vehicle: str, drivers: Sequence[int] = ()) -> None:
        """A vehicle's box runs a trip, driven by one of ``drivers``, who may sign in there from now on.

        Raises :class:`Refusal`: ``duty_not_vehicle``, ``duty_vehicle``, ``trip_unknown``, ``trip_not_running``,
        ``clerk_unknown``, ``clerk_role``.
        """
        plate = " ".join(vehicle.split())
        if len(plate) > rules.MAX_VEHICLE or not plate.isprintable():
            raise Refusal("duty_vehicle", status=422, field="vehicle", most=rules.MAX_VEHICLE)
        chosen = list(dict.fromkeys(drivers))
        self._vehicles.assign_duty(tx, info, *where, plate, chosen)
        for driver_no in chosen:
            self._people.admit(tx, driver_no, ROLE, info.node_no)

    def decide(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """Pass on how late the trips are that this box was given to run; what another box says of them counts for nothing."""
        if fresh.by(DutyApplier) is None:
            return
        self._pass_on(tx, info, fresh)
        self._tell_driven(tx, fresh)
        self._tell_short(tx, info, fresh)
        for where in self._given(tx, info, fresh, _LATE):
            run = run_of(tx, info.node_no, where)
            if run.told_ms:
                self._delays.late(tx, where, run.delay_minutes, self._why(run), f"node {info.node_no}")
            else:
                self._delays.late(tx, where, 0, "", f"node {info.node_no}")

    def _tell_short(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """Where the trips end that this box was given to run, if that is before their last stops."""
        for where in self._given(tx, info, fresh, _ENDING):
            run = run_of(tx, info.node_no, where)
            self._delays.short(tx, where, run.ends_idx, self._why(run))

    def _given(self, tx: Connection, info: NodeInfo, fresh: Folded, kinds: Kinds) -> list[Where]:
        """The dated trips of which there are good words of these kinds, of those that this box was given to run."""
        said = {
            (event.trip_no, event.day)
            for one in fresh.events
            if one.held is None and isinstance(event := one.event, kinds)
        }
        return sorted(said & set(self._vehicles.duties_of(tx, info.node_no))) if said else []

    def _pass_on(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """A trip that was handed over goes to its taker, and so does the duty once that has taken it."""
        for one in fresh.events:
            event = one.envelope.event if one.held is None and one.envelope else None
            if isinstance(event, TripHandedOver):
                given = open_handover(event.signed)
                streams.publish(tx, node_stream(given.to_node_no), f"handover/{given.number}", event.signed)
            elif isinstance(event, TripTakenOver):
                given = open_handover(event.signed)
                self._move_duty(tx, info, given.from_node_no, (event.trip_no, event.day), event.vehicle)

    def _tell_driven(self, tx: Connection, fresh: Folded) -> None:
        """Whoever gave up the wheel, or took it: what that driver drove lately goes to all boxes where he or she signs in."""
        people = {
            event.driver_no
            for one in fresh.events
            if one.held is None and one.envelope and isinstance(event := one.envelope.event, _AT_WHEEL)
        }
        now = self._clock.wall_ms()
        for driver_no, node_nos in clerks.nodes_of(tx, sorted(people)).items():
            said = Driven(tuple(driven_by(tx, driver_no, now - KEPT_MS, now)), now).to_bytes()
            for node_no in node_nos:
                streams.publish(tx, node_stream(node_no), f"driven/{driver_no}", said)

    def _move_duty(self, tx: Connection, taker: NodeInfo, giver_no: int, where: Where, vehicle: str) -> None:
        given = {node_no: drivers for node_no, _, drivers in self._vehicles.vehicles_of(tx, *where)}
        with suppress(Refusal):  # a box that is not on board runs it all the same
            self._vehicles.assign_duty(tx, taker, *where, vehicle, given.get(giver_no, ()))
            if giver_no in given:
                self._vehicles.remove_duty(tx, nodes.find(tx, giver_no), *where)

    def _why(self, run: Run) -> str:
        """What its driver wrote, else the reason that was tapped."""
        return run.note or self._texts.text(f"delay_reason_{run.reason}", catalogue.LANGUAGES[0])


def crews_of(tx: Connection, places: Sequence[Where]) -> dict[Where, tuple[str, tuple[int, ...]]]:
    """In what, and by whom, dated trips were run, as their drivers said: (plate, drivers); of those that were begun."""
    found: dict[Where, tuple[str, tuple[int, ...]]] = {}
    for (_, *place), _, _, event in told(tx, places):
        if isinstance(event, TripStarted | DutyTaken):
            vehicle, drivers = found.get((place[0], place[1]), ("", ()))
            known = (*drivers, event.driver_no) if event.driver_no not in drivers else drivers
            found[place[0], place[1]] = (event.vehicle or vehicle, known)
    return found


def place_of(tx: Connection, where: Where) -> tuple[int, int]:
    """The last stops that a dated trip's vehicle (reached, left), by the words of all boxes that ran it; -1 for none."""
    begun = [one.run for one in runs(tx, where[1], where[1], where[0]) if one.run.started_ms is not None]
    reached = max((run.idx for run in begun), default=-1)
    return reached, max((run.idx - run.standing for run in begun), default=-1)


def run_of(tx: Connection, node_no: int, where: Where) -> Run:
    """Where a trip stands by the words of one box."""
    column = trip_word.c
    query = sa.select(column.seq, column.at_ms, column.type, column.body)
    query = query.where(column.node_no == node_no, column.trip_no == where[0], column.day == where[1])
    rows = tx.execute(query.order_by(column.pos))
    return Story((row.seq, row.at_ms, read_word(row.type, row.body)) for row in rows).run


def driven_by(tx: Connection, driver_no: int, since_ms: int, now_ms: int) -> list[tuple[int, int]]:
    """(from ms, until ms) at the wheel since then, on any box, by what those say themselves."""
    column = trip_word.c
    trips = sa.select(column.node_no, column.trip_no, column.day).distinct()
    found = []
    for row in tx.execute(trips.where(column.driver_no == driver_no, column.at_ms >= since_ms)).all():
        run = run_of(tx, row.node_no, (row.trip_no, row.day))
        found += driven(run, driver_no, min(now_ms, run.ended_ms or now_ms))
    return sorted(found)


def runs(tx: Connection, from_day: int, until_day: int, trip_no: int | None = None) -> list[RunLine]:
    """Dated trips that were begun or spoken of on some days, those on their way first and the latest of them on top."""
    column = trip_word.c
    query = sa.select(column.node_no, node.c.name, column.trip_no, column.day, column.seq, column.at_ms, column.type,
                      column.body)  # fmt: skip
    query = query.outerjoin(node, node.c.node_no == column.node_no).where(column.day.between(from_day, until_day))
    query = query if trip_no is None else query.where(column.trip_no == trip_no)
    stories: dict[Key, tuple[str, Story]] = {}
    for row in tx.execute(query.order_by(column.pos)):
        _, story = stories.setdefault((row.node_no, row.trip_no, row.day), (row.name or str(row.node_no), Story()))
        with suppress(Refusal):
            story.add(row.seq, row.at_ms, read_word(row.type, row.body))
    found = [RunLine(key[0], name, key[1], key[2], story.run) for key, (name, story) in stories.items()]
    order = {rules.RUNNING: 0, rules.PLANNED: 1, rules.HANDED_OVER: 2, rules.ENDED: 3}
    found.sort(key=lambda one: (order[one.run.phase], -one.run.delay_minutes, one.day, one.trip_no, one.node_no))
    return found[:_LISTED]
