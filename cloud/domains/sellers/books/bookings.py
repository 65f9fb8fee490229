"""Bookings as the hub keeps them: rows in and out, nothing decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.sellers.tables import booking, booking_item, seller_answer
from cloud.kernel.database import insert_rows
from cloud.kernel.ports import Fare, Ride
from sync.domains.inventory.operations import Grant
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.rules import valid_until_s
from sync.kernel import cbor, records
from sync.kernel.errors import Refusal
from sync.kernel.ticket import MAX_SUPERSEDED, Claims, TicketId

HELD: Final = "held"
TICKETED: Final = "ticketed"
CANCELLED: Final = "cancelled"
LAPSED: Final = "lapsed"
STATES: Final = (HELD, TICKETED, CANCELLED, LAPSED)
# No state of its own: ticketed, and every ticket given back.
GIVEN_BACK: Final = "given_back"
_BOOKING = ("booking_no", "booking_id", "seller_no", "reference", "state", "made_ms", "expires_ms")
_ITEM = (
    "booking_no", "idx", "grant_id", "epoch", "trip_no", "day", "from_idx", "to_idx", "seat", "rider", "price_minor",
    "currency", "departs_ms", "ends_ms", "proof", "named",
)  # fmt: skip


def over(state: str) -> Refusal:
    """Why a booking in this ``state``, or one that was :data:`GIVEN_BACK`, does not allow something: a text for each."""
    return Refusal(f"booking_over_{state}")


@dataclass(frozen=True, slots=True)
class Item:
    """One place of a booking; what comes of its sale is None until then."""

    booking_no: int
    idx: int
    grant_id: int
    epoch: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    price_minor: int
    currency: str
    departs_ms: int
    ends_ms: int
    ticket_id: bytes | None = None
    sold_ms: int | None = None
    supersedes: bytes | None = None
    refunded_minor: int | None = None
    fee_minor: int | None = None
    rule: str | None = None
    refunded_ms: int | None = None
    proof: int = 0
    holder: bytes | None = None
    named: bytes | None = None

    @property
    def ride(self) -> tuple[int, int, int, int]:
        """(trip_no, day, from_idx, to_idx)."""
        return self.trip_no, self.day, self.from_idx, self.to_idx

    @property
    def seat_no(self) -> int | None:
        """The seat; 0 for any, None on a lap."""
        return None if self.seat == LAP else self.seat

    @property
    def until_s(self) -> int:
        """Until when the ticket is good."""
        return valid_until_s(self.ends_ms)

    def claims(self, holder: bytes) -> Claims:
        """What the signed ticket says, bound to ``holder`` (empty: paper); only for a place that was sold."""
        ticket_id = TicketId.from_bytes(self.ticket_id or b"")
        ride = (*self.ride, self.seat, self.rider)
        check = traveller_of(self.named).check if self.named else b""
        return Claims(ticket_id, *ride, self.until_s, check, self.supersedes or b"", holder)


@dataclass(frozen=True, slots=True)
class Booking:
    """``booking_id`` is what outsiders know it by. ``expires_ms``: until when places are held that nobody paid."""

    booking_no: int
    booking_id: str
    seller_no: int
    reference: str
    state: str
    made_ms: int
    expires_ms: int
    items: tuple[Item, ...]

    @property
    def totals(self) -> dict[str, int]:
        """Currency → sum of the prices of what was not given back."""
        found: dict[str, int] = {}
        for item in self.items:
            if item.refunded_ms is not None:
                continue
            found[item.currency] = found.get(item.currency, 0) + item.price_minor
        return found


def traveller_of(body: bytes) -> TravellerNamed:
    """What names the traveller of a place, as it is kept; its serial is 0 until there is a sale."""
    return records.from_body(TravellerNamed, cbor.decode(body))


def kept(named: TravellerNamed | None) -> bytes | None:
    """As :func:`traveller_of` reads it."""
    return None if named is None else cbor.encode(records.to_body(named))


def add(tx: Connection, made: Booking) -> None:
    """Write a booking down."""
    insert_rows(tx, booking, _BOOKING, [tuple(getattr(made, name) for name in _BOOKING)])
    add_items(tx, made.items)


def add_items(tx: Connection, items: Sequence[Item]) -> None:
    """Write places of a booking down."""
    insert_rows(tx, booking_item, _ITEM, [tuple(getattr(item, name) for name in _ITEM) for item in items])


def item(booking_no: int, idx: int, grant: Grant | None, epoch: int, ride: Ride, fare: Fare) -> Item:
    """A place that is held for one rider; without a grant, on a lap."""
    where = (ride.trip_no, ride.day, ride.from_idx, ride.to_idx)
    grant_id, seat = (0, LAP) if grant is None else (grant.grant_id, grant.seats[0][0] if grant.seats else 0)
    price, times = (fare.minor, ride.currency), (ride.departs_ms, ride.ends_ms)
    made = Item(booking_no, idx, grant_id, epoch, *where, seat, fare.rider, *price, *times)
    return replace(made, proof=fare.proof)


def set_state(tx: Connection, booking_no: int, state: str) -> None:
    """A booking is in another state from now on."""
    tx.execute(sa.update(booking).where(booking.c.booking_no == booking_no).values(state=state))


def set_item(tx: Connection, one: Item, **values: Any) -> None:
    """What came of a place."""
    mine = (booking_item.c.booking_no == one.booking_no, booking_item.c.idx == one.idx)
    tx.execute(sa.update(booking_item).where(*mine).values(**values))


def find(tx: Connection, booking_id: str, seller_no: int | None = None) -> Booking:
    """A booking by what outsiders know it by, of one seller or of any. Raises :class:`Refusal` ``booking_unknown``."""
    row = tx.execute(sa.select(booking).where(booking.c.booking_id == booking_id)).first()
    if row is None or seller_no not in (None, row.seller_no):
        raise Refusal("booking_unknown", status=404)
    return _bookings(tx, [row])[0]


def by_number(tx: Connection, booking_no: int) -> Booking:
    """A booking that is there."""
    return _bookings(tx, [tx.execute(sa.select(booking).where(booking.c.booking_no == booking_no)).one()])[0]


def items_of(tx: Connection, ticket_ids: Sequence[bytes]) -> list[Item]:
    """The places that these tickets were sold for; of those that are not the hub's, none."""
    return _items(tx, booking_item.c.ticket_id.in_(ticket_ids))


def of_seller(tx: Connection, seller_no: int, state: str | None, limit: int, offset: int) -> list[Booking]:
    """Bookings of a seller, the newest first."""
    query = sa.select(booking).where(booking.c.seller_no == seller_no)
    query = query if state is None else query.where(booking.c.state == state)
    rows = tx.execute(query.order_by(booking.c.booking_no.desc()).limit(limit).offset(offset)).all()
    return _bookings(tx, rows)


def overdue(tx: Connection, now_ms: int, limit: int) -> list[Booking]:
    """Bookings whose places are still held although their time is over."""
    late = (booking.c.state == HELD, booking.c.expires_ms <= now_ms)
    rows = tx.execute(sa.select(booking).where(*late).order_by(booking.c.expires_ms).limit(limit)).all()
    return _bookings(tx, rows)


def any_overdue(tx: Connection, now_ms: int) -> bool:
    """Whether :func:`overdue` has any."""
    late = (booking.c.state == HELD, booking.c.expires_ms <= now_ms)
    return tx.execute(sa.select(booking.c.booking_no).where(*late).limit(1)).first() is not None


def places_held(tx: Connection, seller_no: int) -> int:
    """How many places a seller holds without having paid for them."""
    joined = booking_item.join(booking, booking.c.booking_no == booking_item.c.booking_no)
    query = sa.select(sa.func.count()).select_from(joined)
    return int(tx.execute(query.where(booking.c.seller_no == seller_no, booking.c.state == HELD)).scalar_one())


def superseded(tx: Connection, one: Item) -> bytes:
    """Ids of refunded tickets for the same place on one of the same legs, the newest refund first: what a new ticket says
    of them, so that a gate that never heard of the refund learns it. A lap is no place: nobody else has the same one."""
    if one.seat == LAP:
        return b""
    column = booking_item.c
    same = (column.trip_no == one.trip_no, column.day == one.day, column.seat == one.seat, column.epoch == one.epoch)
    across = (column.from_idx < one.to_idx, column.to_idx > one.from_idx, column.refunded_ms.is_not(None))
    newest = (column.refunded_ms.desc(), column.ticket_id.desc())
    rows = tx.execute(sa.select(column.ticket_id).where(*same, *across).order_by(*newest).limit(MAX_SUPERSEDED))
    return b"".join(bytes(ticket_id) for ticket_id in rows.scalars())


def answered(tx: Connection, seller_no: int, key: str, request: bytes) -> int | None:
    """The booking of an earlier request under the same key. Raises :class:`Refusal` ``key_differs`` for another request."""
    mine = (seller_answer.c.seller_no == seller_no, seller_answer.c.key == key)
    row = tx.execute(sa.select(seller_answer).where(*mine)).first()
    if row is None:
        return None
    if bytes(row.request) != request:
        raise Refusal("key_differs", field="Idempotency-Key")
    return int(row.booking_no)


def keep_answer(tx: Connection, seller_no: int, key: str, request: bytes, booking_no: int, now_ms: int) -> None:
    """Remember under which key something was asked for."""
    values = {"seller_no": seller_no, "key": key, "request": request, "booking_no": booking_no, "made_ms": now_ms}
    tx.execute(sa.insert(seller_answer).values(**values))


def _bookings(tx: Connection, rows: Sequence[Row[Any]]) -> list[Booking]:
    numbers = [row.booking_no for row in rows]
    found: dict[int, list[Item]] = {number: [] for number in numbers}
    for one in _items(tx, booking_item.c.booking_no.in_(numbers)):
        found[one.booking_no].append(one)
    return [Booking(**row._mapping, items=tuple(found[row.booking_no])) for row in rows]


def _items(tx: Connection, which: sa.ColumnElement[bool]) -> list[Item]:
    rows = tx.execute(sa.select(booking_item).where(which).order_by(booking_item.c.idx)).mappings()
    return [Item(**{name: _plain(value) for name, value in row.items()}) for row in rows]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
