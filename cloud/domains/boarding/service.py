"""Duties of vehicles, and manifests: what a box must know of the tickets for its trip."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.apply import REFUND_BOARDED
from cloud.domains.boarding.tables import (
    boarded,
    boarded_twice,
    bound_ticket,
    duty,
    gate_opening,
    refusal_sum,
    void_ticket,
)
from cloud.kernel import streams
from cloud.kernel.database import among, chunks
from cloud.kernel.fold import Folded, Received
from cloud.kernel.nodes import NodeInfo, Nodes
from cloud.kernel.ports import SoldTickets, Timetable
from cloud.kernel.tables import subscription
from sync.domains.boarding.operations import BoundTicket, Duty, ManifestEntry, VoidTicket
from sync.domains.ticketing.events import TicketRefunded, TicketSold
from sync.kernel import hlc
from sync.kernel.errors import Refusal
from sync.kernel.operations import node_stream, operator_stream, trip_stream
from sync.kernel.ticket import TicketId

_TOLD = (TicketSold, TicketRefunded)
_DUTIES = sa.select(duty.c.trip_no, duty.c.day).where(duty.c.node_no == sa.bindparam("node"))
_LISTENED = (
    sa.select(subscription.c.stream).distinct().where(subscription.c.stream.in_(sa.bindparam("names", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class BoardingCounts:
    """What the gates said of one dated trip."""

    trip_no: int
    day: int
    boarded: int
    boarded_twice: int
    refused: dict[str, int]


@dataclass(frozen=True, slots=True)
class GateCounts:
    """``twice``: openings beyond the first of the same ticket."""

    opened: int
    twice: int


class BoardingService:
    """Assigns duties and keeps manifests."""

    def __init__(self, node_list: Nodes, timetable: Timetable, tickets: SoldTickets) -> None:
        self._nodes, self._timetable, self._tickets = node_list, timetable, tickets

    def assign_duty(
        self, tx: Connection, info: NodeInfo, trip_no: int, day: int, vehicle: str, drivers: Sequence[int] = ()
    ) -> None:
        """This box runs this trip, in the vehicle of this plate: it gets the trip's stream, and tickets sold so far.

        ``drivers``: numbers of the people who may drive it; none: whoever signs in there as a driver.

        Raises :class:`Refusal`: ``duty_not_vehicle``, ``trip_unknown``, ``trip_not_running``.
        """
        if info.kind != "vehicle":
            raise Refusal("duty_not_vehicle", status=422, node=info.name)
        facts = self._timetable.trip_facts(tx, trip_no)
        if facts is None:
            raise Refusal("trip_unknown", status=404, trip_no=trip_no)
        if not facts.runs(day):
            raise Refusal("trip_not_running", status=422, trip=trip_no)
        mine = (duty.c.node_no == info.node_no, duty.c.trip_no == trip_no, duty.c.day == day)
        tx.execute(sa.delete(duty).where(*mine))
        row = {"node_no": info.node_no, "trip_no": trip_no, "day": day, "vehicle": vehicle, "drivers": list(drivers)}
        tx.execute(sa.insert(duty), row)
        said = Duty(vehicle, tuple(drivers))
        streams.publish(tx, node_stream(info.node_no), f"duty/{trip_no}/{day}", said.to_bytes())
        wanted = [trip_stream(trip_no, day), operator_stream(facts.agency_no)]
        self._nodes.subscribe(tx, info.node_no, wanted)
        self.tell_manifest(tx, trip_no, day)
        self._nodes.provision_at(tx, 0, info.node_no)

    def tell_manifest(self, tx: Connection, trip_no: int, day: int) -> None:
        """Put the good tickets of a dated trip, and the void ones, on its stream."""
        tickets = self._tickets.good_tickets(tx, trip_no, day)
        entries: list[tuple[str, bytes | None]] = [
            (f"manifest/{key.hex()}", ManifestEntry(from_idx, to_idx, seat, trip_no, day, rider).to_bytes())
            for key, (from_idx, to_idx, seat, rider) in tickets.items()
        ]
        for key, at_ms in _void_tickets(tx, trip_no, day):
            entries += _void(key, trip_no, day, at_ms)
        entries += _bound(tx, trip_no, day)
        streams.publish_many(tx, trip_stream(trip_no, day), entries)

    def remove_duty(self, tx: Connection, info: NodeInfo, trip_no: int, day: int) -> None:
        """The box does not run this trip after all."""
        mine = (duty.c.node_no == info.node_no, duty.c.trip_no == trip_no, duty.c.day == day)
        tx.execute(sa.delete(duty).where(*mine))
        streams.publish(tx, node_stream(info.node_no), f"duty/{trip_no}/{day}", None)
        self._nodes.unsubscribe(tx, info.node_no, [trip_stream(trip_no, day)])

    def vehicles_of(self, tx: Connection, trip_no: int, day: int) -> list[tuple[int, str, tuple[int, ...]]]:
        """As :func:`vehicles_of`."""
        return vehicles_of(tx, trip_no, day)

    def duties_of(self, tx: Connection, node_no: int) -> list[tuple[int, int]]:
        """(trip_no, day) of a box's duties."""
        rows = tx.execute(_DUTIES, {"node": node_no})
        return sorted((row.trip_no, row.day) for row in rows)

    def decide(self, tx: Connection, _info: NodeInfo, fresh: Folded) -> None:
        """Put good sales and refunds on the streams of trips that some box listens to."""
        named = {(event.trip_no, event.day) for one in fresh.events if isinstance(event := one.event, _TOLD)}
        listened = _listened(tx, [trip_stream(*where) for where in named])
        told: dict[str, list[tuple[Received, TicketSold | TicketRefunded]]] = {}
        for one in fresh.events if listened else ():
            event = one.event
            good = one.held is None or one.held.code == REFUND_BOARDED
            if good and isinstance(event, _TOLD) and (name := trip_stream(event.trip_no, event.day)) in listened:
                told.setdefault(name, []).append((one, event))
        for name in sorted(told):
            streams.publish_many(tx, name, [entry for one, event in told[name] for entry in _entries(one, event)])


def vehicles_of(tx: Connection, trip_no: int, day: int) -> list[tuple[int, str, tuple[int, ...]]]:
    """(node_no, plate, drivers) of the boxes that run a dated trip."""
    column = duty.c
    query = sa.select(column.node_no, column.vehicle, column.drivers).where(
        column.trip_no == trip_no, column.day == day
    )
    rows = tx.execute(query.order_by(column.node_no))
    return [(row.node_no, row.vehicle, tuple(row.drivers)) for row in rows]


def has_boarded(tx: Connection, ticket_id: bytes) -> bool:
    """Whether anybody boarded with this ticket, as far as the hub has heard."""
    return tx.execute(sa.select(boarded.c.pos).where(boarded.c.ticket_id == ticket_id)).first() is not None


def boarded_on(tx: Connection, ticket_ids: Sequence[bytes]) -> dict[bytes, tuple[int, int, int]]:
    """Where tickets were let in first, of those that were: (position of the event, trip_no, day)."""
    column = boarded.c
    query = sa.select(column.ticket_id, column.pos, column.trip_no, column.day)
    rows = tx.execute(query.where(column.ticket_id.in_(list(ticket_ids))))
    return {bytes(row.ticket_id): (row.pos, row.trip_no, row.day) for row in rows}


def planned_vehicles(tx: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The vehicles that were given dated trips to run, by (trip_no, day)."""
    column = duty.c
    if not places:
        return {}
    query = sa.select(column.trip_no, column.day, column.vehicle).where(among((column.trip_no, column.day), places))
    return {(row.trip_no, row.day): row.vehicle for row in tx.execute(query.order_by(column.node_no))}


def tell_bound(tx: Connection, ticket_id: bytes, trip_no: int, day: int, at_ms: int) -> None:
    """From now on this ticket boards as its phone shows it only; the boxes that run the trip are told."""
    tx.execute(sa.insert(bound_ticket).values(ticket_id=ticket_id, trip_no=trip_no, day=day, at_ms=at_ms))
    if _listened(tx, [trip_stream(trip_no, day)]):
        streams.publish_many(tx, trip_stream(trip_no, day), _bound(tx, trip_no, day))


def was_boarded(tx: Connection, ticket_id: bytes) -> bool:
    """Whether a ticket was let in anywhere."""
    return tx.execute(sa.select(boarded.c.pos).where(boarded.c.ticket_id == ticket_id)).first() is not None


def boarding_counts(tx: Connection, trip_no: int, day: int) -> BoardingCounts:
    """What the gates said of one dated trip."""
    counts = [
        tx.execute(sa.select(sa.func.count()).where(table.c.trip_no == trip_no, table.c.day == day)).scalar_one()
        for table in (boarded, boarded_twice)
    ]
    column = refusal_sum.c
    query = sa.select(column.reason, sa.func.sum(column.count)).where(column.trip_no == trip_no, column.day == day)
    refused = {
        reason: int(count) for reason, count in tx.execute(query.group_by(column.reason).order_by(column.reason))
    }
    return BoardingCounts(trip_no, day, counts[0], counts[1], refused)


def all_counts(tx: Connection) -> tuple[int, int, dict[str, int]]:
    """(boarded, boarded twice, refusals by reason) over everything."""
    counts = [
        tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (boarded, boarded_twice)
    ]
    column = refusal_sum.c
    query = sa.select(column.reason, sa.func.sum(column.count)).group_by(column.reason).order_by(column.reason)
    return counts[0], counts[1], {reason: int(count) for reason, count in tx.execute(query)}


def gate_counts(tx: Connection) -> GateCounts:
    """How often gates opened, and how often for a ticket that they had opened for."""
    column = gate_opening.c
    opened, tickets = tx.execute(sa.select(sa.func.count(), sa.func.count(sa.distinct(column.ticket_id)))).one()
    return GateCounts(opened, opened - tickets)


def _bound(tx: Connection, trip_no: int, day: int) -> list[tuple[str, bytes | None]]:
    """What a box is told of the tickets of a dated trip that belong to phones."""
    column = bound_ticket.c
    rows = tx.execute(
        sa.select(column.ticket_id, column.at_ms)
        .where(column.trip_no == trip_no, column.day == day)
        .order_by(column.ticket_id)
    )
    return [(f"bound/{bytes(one.ticket_id).hex()}", BoundTicket(trip_no, day, one.at_ms).to_bytes()) for one in rows]


def _void_tickets(tx: Connection, trip_no: int, day: int) -> list[tuple[bytes, int]]:
    """(ticket id, since when in ms) of the refunded tickets of a dated trip."""
    column = void_ticket.c
    query = sa.select(column.ticket_id, column.at_ms).where(column.trip_no == trip_no, column.day == day)
    return [(bytes(ticket_id), at_ms) for ticket_id, at_ms in tx.execute(query.order_by(column.pos))]


def _void(ticket_id: bytes, trip_no: int, day: int, at_ms: int) -> list[tuple[str, bytes | None]]:
    """What a box is told of a refunded ticket: nobody is expected with it any more, and nobody boards with it."""
    key = ticket_id.hex()
    return [(f"manifest/{key}", None), (f"void/{key}", VoidTicket(trip_no, day, at_ms).to_bytes())]


def _entries(one: Received, event: TicketSold | TicketRefunded) -> list[tuple[str, bytes | None]]:
    """What a box is told of a sale or a refund."""
    if isinstance(event, TicketRefunded):
        at_ms = hlc.wall_ms_of(one.envelope.stamp.hlc) if one.envelope else 0
        return _void(event.ticket_id, event.trip_no, event.day, at_ms)
    key = TicketId(*one.log, event.serial).to_bytes().hex()
    entry = ManifestEntry(event.from_idx, event.to_idx, event.seat, event.trip_no, event.day, event.rider)
    return [(f"manifest/{key}", entry.to_bytes())]


def _listened(tx: Connection, names: Iterable[str]) -> set[str]:
    """Those streams that anybody holds."""
    found: set[str] = set()
    for some in chunks(names):
        found |= set(tx.execute(_LISTENED, {"names": some}).scalars())
    return found
