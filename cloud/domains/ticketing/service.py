"""Questions about tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import OK
from cloud.domains.ticketing.office.sealing import published_rules
from cloud.domains.ticketing.tables import (
    booking_sold,
    fare_rules,
    refund,
    refund_decision,
    refund_sum,
    replacement,
    sale_sum,
    serial_end,
    ticket,
    traveller,
)
from cloud.kernel import streams
from cloud.kernel.database import chunks
from cloud.kernel.ports import ExchangeAsked, ExchangeTerms, Fare, Ride
from sync.domains.disruption.rules import Passenger
from sync.domains.inventory.rules import FREE, RESERVED
from sync.domains.ticketing.events import PASSENGER, TravellerNamed
from sync.domains.ticketing.office import fares, realname, rebooking, sealing
from sync.domains.ticketing.operations import FareRules, RebookRules, RefundRules, SealingKey
from sync.domains.ticketing.rules import reason_index
from sync.domains.timetable.rules import service_kind
from sync.kernel.documents import Document
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from sync.kernel.ports import Ids
from sync.kernel.ticket import RIDERS, TicketId

_TICKETS: Final = sa.select(ticket, refund.c.refunded_minor).outerjoin(
    refund, sa.and_(refund.c.ticket_id == ticket.c.ticket_id, refund.c.state == OK)
)


@dataclass(frozen=True, slots=True)
class SaleLine:
    """What one node sold of one dated trip, and handed back. ``state``: ok or quarantined."""

    trip_no: int
    day: int
    node_no: int
    currency: str
    state: str
    tickets: int
    amount_minor: int
    refunds: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One sale as the hub holds it; ``number`` is what stands on paper. ``refunded_minor``: None unless it was given back."""

    number: str
    pos: int
    node_no: int
    epoch: int
    serial: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    price_minor: int
    currency: str
    clerk_no: int
    channel: int
    sold_hlc: int
    state: str
    refunded_minor: int | None


def good_tickets(tx: Connection, trip_no: int, day: int) -> dict[bytes, tuple[int, int, int, int]]:
    """Ticket id → (from_idx, to_idx, seat, rider) of the tickets of a dated trip that are neither quarantined nor void."""
    column = ticket.c
    mine = (column.trip_no == trip_no, column.day == day, column.state == OK, *_standing(column.ticket_id))
    columns = (column.ticket_id, column.from_idx, column.to_idx, column.seat, column.rider)
    rows = tx.execute(sa.select(*columns).where(*mine).order_by(column.pos))
    return {bytes(row.ticket_id): (row.from_idx, row.to_idx, row.seat, row.rider) for row in rows}


def rides_of(tx: Connection, ticket_ids: Sequence[bytes]) -> dict[bytes, tuple[int, int, int, int, int]]:
    """Ticket id → (trip_no, day, from_idx, to_idx, seat) of those tickets that the hub has heard of."""
    column = ticket.c
    columns = (column.ticket_id, column.trip_no, column.day, column.from_idx, column.to_idx, column.seat)
    found: dict[bytes, tuple[int, int, int, int, int]] = {}
    for some in chunks(ticket_ids):
        for ticket_id, *ride in tx.execute(
            sa.select(*columns).where(column.ticket_id.in_(some)).order_by(column.pos.desc())
        ):
            found[bytes(ticket_id)] = tuple(ride)
    return found


def passengers(tx: Connection, trip_no: int, day: int) -> list[tuple[int, Passenger]]:
    """(position, ticket) of the same tickets in the order in which the hub heard of them. A party is a booking; a ticket sold
    by itself is one too."""
    good = good_tickets(tx, trip_no, day)
    column = ticket.c
    columns = (column.pos, column.ticket_id, column.node_no, column.epoch, column.serial, column.rider)
    mine = (column.trip_no == trip_no, column.day == day, column.state == OK)
    rows = [row for row in tx.execute(sa.select(*columns).where(*mine).order_by(column.pos)) if row.ticket_id in good]
    booked = booking_sold.c
    logs = sorted({(row.node_no, row.epoch) for row in rows})
    firsts: dict[tuple[int, int, int], int] = {}
    for log in logs:
        serials = [row.serial for row in rows if (row.node_no, row.epoch) == log]
        span = (booked.first_serial <= max(serials), booked.first_serial + booked.count > min(serials))
        query = sa.select(booked.first_serial, booked.count).where(
            booked.node_no == log[0], booked.epoch == log[1], booked.state == OK, *span
        )
        firsts |= {(*log, first + n): first for first, count in tx.execute(query) for n in range(count)}
    found = []
    for row in rows:
        own = (row.node_no, row.epoch, row.serial)
        party = (*own[:2], firsts.get(own, row.serial))
        child = row.rider in (fares.CHILD_WITH_SEAT, fares.CHILD_FREE)
        found.append((row.pos, Passenger(bytes(row.ticket_id), party, *good[bytes(row.ticket_id)][:3], child)))
    return found


def last_serial(tx: Connection, node_no: int, epoch: int) -> int:
    """The highest ticket serial accepted from a log; 0 for none."""
    mine = (serial_end.c.node_no == node_no, serial_end.c.epoch == epoch)
    return tx.execute(sa.select(serial_end.c.last_serial).where(*mine)).scalar() or 0


def published_refund_rules(tx: Connection) -> list[RefundRules]:
    """All sets of refund rules that nodes were told of."""
    return [RefundRules.from_bytes(one) for one in streams.bodies_under(tx, NET, f"{RefundRules.PREFIX}/refund/")]


def check_children(riders: Sequence[str]) -> None:
    """As :func:`sync.domains.ticketing.office.fares.check_children`."""
    fares.check_children(riders)


def fare_for(tx: Connection, ride: Ride, rider: str, proof: str, day: int) -> Fare:
    """What ``rider`` pays on calendar day ``day``, after a look at ``proof``. Raises :class:`Refusal`: ``rider_unknown``,
    ``rider_not_here``, ``proof_needed``."""
    price = _price(tx, ride, rider, day)
    return Fare(price.minor, RIDERS.index(rider), fares.proof_index(price, proof))


def unproved(tx: Connection, ride: Ride, rider: str, day: int) -> Fare:
    """As :func:`fare_for`, where nobody can look at a proof yet: it is seen where the money is taken."""
    return Fare(_price(tx, ride, rider, day).minor, RIDERS.index(rider), 0)


def proofs(tx: Connection, ride: Ride, rider: str, day: int) -> tuple[str, ...]:
    """Of which proofs one has to be seen before ``rider`` is sold a ticket; none where there is no such concession."""
    try:
        return _price(tx, ride, rider, day).proofs
    except Refusal:
        return ()


def offered(tx: Connection, ride: Ride, day: int) -> dict[str, fares.Price]:
    """Rider → price and proofs, of all for whom there is one."""
    given, found = _fare_rules(tx, ride, day), {}
    for rider in RIDERS:
        try:
            found[rider] = fares.price_of(given, rider, _service(ride), ride.price_minor, ride.currency)
        except Refusal:
            continue
    return found


def _price(tx: Connection, ride: Ride, rider: str, day: int) -> fares.Price:
    return fares.price_of(_fare_rules(tx, ride, day), rider, _service(ride), ride.price_minor, ride.currency)


def _fare_rules(tx: Connection, ride: Ride, day: int) -> FareRules:
    bodies = tx.execute(sa.select(fare_rules.c.body).order_by(fare_rules.c.pos)).scalars()
    return fares.fare_rules([FareRules.from_bytes(bytes(body)) for body in bodies], ride.agency_no, day)


def _service(ride: Ride) -> str:
    return service_kind(ride.route_type, RESERVED if ride.reserved else FREE)


def exchange_terms(tx: Connection, asked: ExchangeAsked) -> ExchangeTerms:
    """What it costs to exchange a ticket, by the rules of the day of its sale. Raises :class:`Refusal`: ``rebook_line``, and
    as :func:`rebooking.rebook_terms`."""
    old, new = (rebooking.Way(*way) for way in asked.ways)
    published = [RebookRules.from_bytes(one) for one in streams.bodies_under(tx, NET, "ruleset/rebook/")]
    given = rebooking.rebook_rules(published, old.agency_no, asked.sold_day)
    if not rebooking.fits(given, old, new):
        raise Refusal("rebook_line", field="reason")
    mine = (replacement.c.new_id == asked.ticket_id, replacement.c.state == OK)
    times = tx.execute(sa.select(replacement.c.times).where(*mine)).scalar() or 0
    reason = reason_index(asked.fault) if asked.fault else PASSENGER
    found = rebooking.rebook_terms(given, asked.prices_minor, reason, times, asked.left_ms, True, bool(asked.fault))
    return ExchangeTerms(
        found.fee_minor, found.back_minor, found.price_minor, reason, found.rule, times + (reason == PASSENGER)
    )


def name_traveller(tx: Connection, document: Document, trip_no: int, day: int, ids: Ids) -> TravellerNamed:
    """What names a traveller on a dated trip, sealed to the keys of its month; its serial is 0 until there is a sale.
    Raises :class:`Refusal` ``sealing_key_missing``."""
    body = streams.body(tx, NET, f"{SealingKey.PREFIX}/{realname.period_of(day)}")
    if body is None:
        raise Refusal("sealing_key_missing", status=503)
    return sealing.name_traveller(document, trip_no, day, SealingKey.from_bytes(body), ids)


def _standing(ticket_id: sa.ColumnElement[bytes]) -> tuple[sa.ColumnElement[bool], ...]:
    """Neither given back nor about to be, by the hub's own word."""
    given_back = sa.exists().where(refund.c.ticket_id == ticket_id, refund.c.state == OK)
    decided = sa.exists().where(refund_decision.c.ticket_id == ticket_id, refund_decision.c.approved)
    return ~given_back, ~decided


def travels(tx: Connection, trip_no: int, day: int, check: bytes) -> bool:
    """Whether a traveller with this check value has a good ticket for a dated trip, sold wherever."""
    column = traveller.c
    who = (column.check_value == check, column.trip_no == trip_no, column.day == day)
    mine = (*who, column.state == OK, *_standing(column.ticket_id))
    return tx.execute(sa.select(column.pos).where(*mine).limit(1)).first() is not None


def demands_name(tx: Connection, agency_no: int, route_no: int, route_type: int, day: int) -> bool:
    """Whether travellers on a line are named when they buy on calendar day ``day``."""
    return realname.demands_name(realname.rules_on(published_rules(tx), agency_no, day), route_no, route_type)


def sales(
    tx: Connection, *, day: int | None = None, trip_no: int | None = None, node_no: int | None = None,
    limit: int = 1_000, offset: int = 0,
) -> list[SaleLine]:  # fmt: skip
    """Takings by trip, service day, node, currency and state, the newest day first."""
    both = sa.union_all(
        sa.select(sale_sum, sa.literal(0).label("refunds"), sa.literal(0).label("refunded_minor")),
        sa.select(
            *list(refund_sum.c)[:5], sa.literal(0), sa.literal(0), refund_sum.c.refunds, refund_sum.c.refunded_minor
        ),
    ).subquery()
    column = both.c
    wanted = [
        one == value
        for one, value in ((column.day, day), (column.trip_no, trip_no), (column.node_no, node_no))
        if value is not None
    ]
    keys = (column.trip_no, column.day, column.node_no, column.currency, column.state)
    sums = [sa.func.sum(one) for one in (column.tickets, column.amount_minor, column.refunds, column.refunded_minor)]
    order = (column.day.desc(), column.trip_no, column.node_no, column.currency, column.state)
    query = sa.select(*keys, *sums).where(*wanted).group_by(*keys).order_by(*order).limit(limit).offset(offset)
    return [SaleLine(*row[:5], *map(int, row[5:])) for row in tx.execute(query)]


def totals(tx: Connection) -> dict[str, tuple[int, int]]:
    """Currency → (tickets, minor units) of everything sold, quarantined sales included: the money was taken."""
    column = sale_sum.c
    counts = (sa.func.sum(column.tickets), sa.func.sum(column.amount_minor))
    rows = tx.execute(sa.select(column.currency, *counts).group_by(column.currency).order_by(column.currency))
    return {currency: (int(tickets), int(amount)) for currency, tickets, amount in rows}


def refund_totals(tx: Connection) -> dict[str, tuple[int, int]]:
    """Currency → (refunds, minor units) of everything handed back, quarantined refunds included: the money is gone."""
    column = refund_sum.c
    counts = (sa.func.sum(column.refunds), sa.func.sum(column.refunded_minor))
    rows = tx.execute(sa.select(column.currency, *counts).group_by(column.currency).order_by(column.currency))
    return {currency: (int(refunds), int(amount)) for currency, refunds, amount in rows}


def tickets_of(tx: Connection, trip_no: int, day: int, limit: int = 1_000, offset: int = 0) -> list[TicketLine]:
    """The tickets of a dated trip in the order in which the hub received them."""
    mine = (ticket.c.trip_no == trip_no, ticket.c.day == day)
    rows = tx.execute(_TICKETS.where(*mine).order_by(ticket.c.pos).limit(limit).offset(offset))
    return [_line(row) for row in rows]


def find_ticket(tx: Connection, number: str) -> TicketLine:
    """A ticket by the number on its paper. Raises :class:`Refusal`: ``ticket_number_form``, ``ticket_unknown``."""
    wanted = TicketId.from_number(number)
    if wanted is None:
        raise Refusal("ticket_number_form", status=422, field="number")
    row = tx.execute(_TICKETS.where(ticket.c.ticket_id == wanted.to_bytes()).order_by(ticket.c.pos)).first()
    if row is None:
        raise Refusal("ticket_unknown", status=404)
    return _line(row)


def clerk_of(tx: Connection, ticket_id: bytes) -> int:
    """Who sold a ticket; 0 where the hub has not heard of the sale."""
    found = tx.execute(
        sa.select(ticket.c.clerk_no).where(ticket.c.ticket_id == ticket_id).order_by(ticket.c.pos)
    ).first()
    return 0 if found is None else int(found.clerk_no)


def _line(row: sa.Row[tuple[object, ...]]) -> TicketLine:
    known = {name: value for name, value in row._mapping.items() if name in TicketLine.__dataclass_fields__}
    return TicketLine(number=TicketId.from_bytes(row.ticket_id).number, **known)
