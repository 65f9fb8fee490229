"""Cancelling and delaying a trip: whoever knows it is told, and the places on its way learn which tickets are affected."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.disruption.tables import disruption, disruption_told
from cloud.kernel import streams
from cloud.kernel.database import chunks, insert_new, select_pairs, upsert_rows
from cloud.kernel.nodes import Nodes, every
from cloud.kernel.ports import Timetable, TripFacts, Vehicles
from sync.domains.disruption.operations import Disruption, ShortTurn
from sync.domains.disruption.rules import CANCELLED, DELAYED, MAX_NOTE, check_disruption, check_note, fault_of
from sync.kernel.errors import Refusal
from sync.kernel.operations import operator_stream, trip_stream
from sync.kernel.ports import Clock

Where = tuple[int, int]
_COLUMNS = ("trip_no", "day", "kind", "minutes", "note", "by", "made_ms")
_TOLD_COLUMNS = ("trip_no", "day", "pos")
_TOLD = "SELECT min(pos) FROM disruption_told WHERE (trip_no, day) IN {pairs}"
_DISTURBED = "SELECT trip_no, day, kind, minutes FROM disruption WHERE (trip_no, day) IN {pairs}"


class Disruptions:
    """Decides and publishes. ``tell_manifest`` puts the tickets of a dated trip on its stream."""

    def __init__(
        self, nodes: Nodes, timetable: Timetable, clock: Clock, tell_manifest: Callable[[Connection, int, int], None],
        vehicles: Vehicles,
    ) -> None:  # fmt: skip
        self._vehicles = vehicles
        self._nodes, self._timetable, self._clock, self._tell_manifest = nodes, timetable, clock, tell_manifest

    def disrupt(self, tx: Connection, where: Where, kind: str, minutes: int, note: str, by: str) -> int:
        """Say that a dated trip is cancelled or comes late; the newest word counts. Gives the number of places told.

        Raises :class:`Refusal`: ``trip_unknown``, ``trip_not_running``, and as :func:`check_disruption`.
        """
        said = check_disruption(Disruption(kind, minutes, note.strip(), self._clock.wall_ms()))
        facts = self._facts(tx, where)
        row = (*where, said.kind, said.minutes, said.note, by, said.at_ms)
        upsert_rows(tx, disruption, _COLUMNS[:2], _COLUMNS, [row])
        pos = self._publish(tx, facts, where, said.to_bytes())
        insert_new(tx, disruption_told, _TOLD_COLUMNS[:2], _TOLD_COLUMNS, [(*where, pos)])
        return self._tell_places(tx, facts, where)

    def change_vehicle(self, tx: Connection, where: Where, plan: str, note: str, by: str) -> int:
        """Say that another vehicle runs on a dated trip, with the seat plan of that name; who has no seat any more gets
        another as far as there are any. Gives the number of places told.

        Raises :class:`Refusal`: ``trip_unknown``, ``trip_not_running``, ``disruption_note``, and as
        :meth:`Vehicles.change_vehicle`.
        """
        facts = self._facts(tx, where)
        changed = self._vehicles.change_vehicle(tx, where, plan, check_note(note.strip()), by)
        streams.publish(
            tx, operator_stream(facts.agency_no), f"vehicle-change/{where[0]}/{where[1]}", changed.to_bytes()
        )
        return self._tell_places(tx, facts, where)

    def lift(self, tx: Connection, where: Where) -> None:
        """It runs as planned after all. Raises :class:`Refusal` ``disruption_none``."""
        gone = tx.execute(sa.delete(disruption).where(*_is(where)))
        if not gone.rowcount:
            raise Refusal("disruption_none", status=404)
        facts = self._facts(tx, where)
        self._publish(tx, facts, where, None)
        self._forget_places(tx, facts, where)

    def short(self, tx: Connection, where: Where, ends_idx: int | None, note: str) -> None:
        """As a trip's driver says: it ends at this stop, None: at its last one after all. Tickets beyond it are given back or
        exchanged free."""
        facts = self._timetable.trip_facts(tx, where[0])
        if facts is None or not facts.runs(where[1]) or ends_idx == self.ends_of(tx, where):
            return
        told = None if ends_idx is None else ShortTurn(ends_idx, note[:MAX_NOTE], self._clock.wall_ms()).to_bytes()
        if ends_idx is not None and ends_idx >= len(facts.stop_nos) - 1:
            return
        pos = streams.publish(tx, operator_stream(facts.agency_no), _short_key(where), told)
        if told is not None:
            insert_new(tx, disruption_told, _TOLD_COLUMNS[:2], _TOLD_COLUMNS, [(*where, pos)])
            self._tell_places(tx, facts, where)
        elif of(tx, where) is None:
            self._forget_places(tx, facts, where)

    def ends_of(self, tx: Connection, where: Where) -> int | None:
        """The stop before its last one at which a dated trip ends, as its driver said; None for none."""
        facts = self._timetable.trip_facts(tx, where[0])
        body = streams.body(tx, operator_stream(facts.agency_no), _short_key(where)) if facts else None
        return ShortTurn.from_bytes(body).ends_idx if body is not None else None

    def late(self, tx: Connection, where: Where, minutes: int, note: str, by: str) -> None:
        """As a trip's driver says: it comes so late, 0: on time again. A person's word at the hub stands above that."""
        said = tx.execute(
            sa.select(disruption.c.kind, disruption.c.minutes, disruption.c.by).where(*_is(where))
        ).first()
        if said is not None and (said.by != by or (said.kind, said.minutes) == (DELAYED, minutes)):
            return
        facts = self._timetable.trip_facts(tx, where[0])
        if facts is None or not facts.runs(where[1]):
            return
        if minutes:
            self.disrupt(tx, where, DELAYED, minutes, note, by)
        elif said is not None:
            self.lift(tx, where)

    def _tell_places(self, tx: Connection, facts: TripFacts, where: Where) -> int:
        places = self._places(tx, facts)
        for node_no in places:
            self._nodes.subscribe(tx, node_no, [trip_stream(*where)])
        self._tell_manifest(tx, *where)
        return len(places)

    def _forget_places(self, tx: Connection, facts: TripFacts, where: Where) -> None:
        """Its passengers need nothing any more, unless they are still to be told where they sit or where it ends."""
        if self._vehicles.vehicle_changed(tx, where) or self.ends_of(tx, where) is not None:
            return
        for node_no in self._places(tx, facts):
            self._nodes.unsubscribe(tx, node_no, [trip_stream(*where)])

    def _facts(self, tx: Connection, where: Where) -> TripFacts:
        facts = self._timetable.trip_facts(tx, where[0])
        if facts is None:
            raise Refusal("trip_unknown", status=404, trip_no=where[0])
        if not facts.runs(where[1]):
            raise Refusal("trip_not_running", status=422, trip=where[0])
        return facts

    def _publish(self, tx: Connection, facts: TripFacts, where: Where, body: bytes | None) -> int:
        return streams.publish(tx, operator_stream(facts.agency_no), f"disruption/{where[0]}/{where[1]}", body)

    def _places(self, tx: Connection, facts: TripFacts) -> list[int]:
        """Nodes that stand at a stop of the trip: that is where its passengers come."""
        stops = set(facts.stop_nos)
        return [info.node_no for info in every(tx) if info.kind != "vehicle" and stops & set(info.stop_nos)]


def of(tx: Connection, where: Where) -> Disruption | None:
    """What was decided of a dated trip."""
    columns = (disruption.c.kind, disruption.c.minutes, disruption.c.note, disruption.c.made_ms)
    row = tx.execute(sa.select(*columns).where(*_is(where))).first()
    return Disruption(*row) if row else None


def told_since(tx: Connection, places: Iterable[Where]) -> int | None:
    """The first position at which any of some dated trips was told to be late, cancelled or cut short; None for never."""
    found = [row[0] for some in chunks(places) for row in select_pairs(tx, _TOLD, some) if row[0] is not None]
    return min(found, default=None)


def fault_of_trip(tx: Connection, trip_no: int, day: int) -> str:
    """The carrier's fault that was told of a dated trip, as a reason to give a ticket back; empty for none."""
    said = of(tx, (trip_no, day))
    return fault_of(said.kind) if said else ""


def disturbed(tx: Connection, places: Iterable[Where]) -> dict[Where, tuple[str, int]]:
    """Dated trip → (kind, minutes late), for those of some that do not run as planned."""
    rows = (row for some in chunks(dict.fromkeys(places)) for row in select_pairs(tx, _DISTURBED, some))
    return {(trip_no, day): (kind, minutes) for trip_no, day, kind, minutes in rows}


def cancelled(tx: Connection, places: Iterable[Where]) -> set[Where]:
    """Those of some dated trips that do not run: nothing more is sold of them."""
    return {where for where, (kind, _) in disturbed(tx, places).items() if kind == CANCELLED}


def _short_key(where: Where) -> str:
    return f"{ShortTurn.PREFIX}/{where[0]}/{where[1]}"


def _is(where: Where) -> tuple[sa.ColumnElement[bool], ...]:
    return disruption.c.trip_no == where[0], disruption.c.day == where[1]
