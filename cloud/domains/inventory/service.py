"""What the hub decides about seats: first blocks, refills, answers to nodes that ask, the last seats to the vehicle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.apply import InventoryApplier
from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import laps, ledger
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.grants import GrantBatch, open_books, shape_book
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.books.recalls import Recalls
from cloud.domains.inventory.books.sole import make_sole, others_trips, pass_on
from cloud.domains.inventory.books.vehicles import Vehicles, labels_of, new_places, newest_plan
from cloud.domains.inventory.tables import dated_trip, seat_grant, seat_sold
from cloud.kernel import nodes, recovery, streams
from cloud.kernel.fold import Folded
from cloud.kernel.nodes import NodeInfo, Nodes
from cloud.kernel.ports import Duties, NewPlace, RideWish, SoldTickets, Timetable
from cloud.kernel.settings import Settings
from sync.domains.disruption.operations import VehicleChange
from sync.domains.disruption.rules import CANCELLED
from sync.domains.duties.events import TripHandedOver
from sync.domains.duties.operations import open_handover
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.inventory.operations import Grant
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import TicketSold
from sync.domains.timetable.rules import MAX_CHANGES
from sync.kernel.errors import Refusal
from sync.kernel.operations import node_stream, operator_stream
from sync.kernel.ports import Clock, Signer

VEHICLE = "vehicle"
_VEHICLE_LOOK_MS = 60_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service stands on."""

    timetable: Timetable
    duties: Duties
    nodes: Nodes
    settings: Settings
    clock: Clock
    signer: Signer
    disturbed: Callable[[Connection, Iterable[Where]], Mapping[Where, tuple[str, int]]]
    tickets: SoldTickets


class InventoryService:
    """Decides and publishes. Everything that it frees was returned, or released by somebody who takes the risk."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._recalls = Recalls(parts.clock)
        self._vehicles = Vehicles(parts.timetable, parts.tickets, self._recalls, parts.clock)
        self._blocks = {
            "station": parts.settings.block_station,
            "village": parts.settings.block_village,
            "pier": parts.settings.block_pier,
            VEHICLE: 0,
        }

    def decide(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """After a node's events: answer what it asked, give returned seats to those who wait, refill what ran low. A log that
        is told nothing asks for nothing; what it sold and returned counts."""
        folded = fresh.by(InventoryApplier)
        if folded is None:
            return
        asked: list[tuple[int, SeatsAsked]] = []
        back: set[Where] = set()
        sold: set[Where] = set()
        for one in fresh.events:
            event = one.event
            if one.held is not None:
                continue
            if isinstance(event, TicketSold):
                if one.epoch == info.epoch:
                    sold.add((event.trip_no, event.day))
            elif isinstance(event, GrantReturned):
                back.add((event.trip_no, event.day))
            elif not fresh.asks:
                continue
            elif isinstance(event, SeatsAsked):
                asked.append((one.pos, event))
        if recovery.recovering(tx):
            self._recalls.answered(tx, info.node_no, back)
            return
        self._pass_on_sole(tx, info, fresh)
        changed = {where for where, book in folded.books().items() if book.vehicles}
        for where in sorted(changed):
            self._vehicles.settle(tx, folded.books()[where])
        sold |= back & changed  # what was asked back for passengers who stand goes out again when all of them sit
        if info.kind in (VEHICLE, nodes.HUB):
            sold.clear()  # the last seats come as time goes on; the hub takes what it sells, and no more
        wanted = back | sold | {(event.trip_no, event.day) for _, event in asked}
        books = self._open(tx, sorted(wanted), info, folded.books())
        batch = self._batch(tx)
        self._recalls.answered(tx, info.node_no, back)
        self._serve_waiting(tx, batch, books, back)
        for pos, event in asked:
            self._answer(tx, batch, books, info, pos, event)
        for where in sorted(sold & set(books)):
            self._refill(batch, books[where], info)
        batch.flush()

    def provision(self, tx: Connection, info: NodeInfo) -> None:
        """What time brings: streams of operators, blocks for trips that come within reach, the vehicle's last seats."""
        settings, now = self._parts.settings, self._parts.clock.wall_ms()
        due = now + settings.provision_every_s * 1000
        if info.kind == VEHICLE:
            due = due if recovery.recovering(tx) else min(due, self._provision_vehicle(tx, info, now))
        else:
            agencies = self._parts.timetable.agencies_around(tx, info.stop_nos, MAX_CHANGES, settings.search_operators)
            self._parts.nodes.subscribe(tx, info.node_no, [operator_stream(number) for number in agencies])
            if not recovery.recovering(tx):
                self._provision_place(tx, info, now)
        self._parts.nodes.provision_at(tx, due, info.node_no)

    def grant(
        self, tx: Connection, info: NodeInfo, where: Where, wanted: int, from_idx: int = 0, to_idx: int | None = None
    ) -> Grant:
        """Grant up to ``wanted`` seats by hand, for rides from ``from_idx`` to ``to_idx`` (None: to anywhere).

        Raises :class:`Refusal`: ``hub_recovering``, ``trip_not_for_sale``, ``ride_order``, ``trip_departed``, ``no_seat``.
        """
        if recovery.recovering(tx):
            raise Refusal("hub_recovering")
        book = self._open(tx, [where], info).get(where)
        if book is None:
            raise Refusal("trip_not_for_sale", status=404)
        end = book.legs if to_idx is None else to_idx
        if not 0 <= from_idx < end <= book.legs:
            raise Refusal("ride_order", status=422)
        if self._is_gone(book, info, from_idx):
            raise Refusal("trip_departed")
        chosen = c.block(book.free(), from_idx, end, wanted, book.reserved)
        if not chosen:
            raise Refusal("no_seat")
        batch = self._batch(tx)
        made = batch.add(book, info, chosen, "manual", _until(book, info, from_idx))
        batch.flush()
        return made

    def take(self, tx: Connection, info: NodeInfo, rides: Sequence[RideWish]) -> list[Grant | None]:
        """One grant a ride, of exactly its cells, out of what nobody holds, or (None) the promise of a lap: all of them, or none.

        Raises :class:`Refusal`: ``hub_recovering``, ``trip_not_for_sale``, ``ride_order``, ``departed``, ``seat_taken``,
        ``no_seat``, ``free_children_full``.
        """
        if recovery.recovering(tx):
            raise Refusal("hub_recovering", status=503)
        books = self._open(tx, dict.fromkeys(wish.where for wish in rides), info)
        batch, made, promised = self._batch(tx), list[Grant | None](), set[Where]()
        for wish in rides:
            book = books.get(wish.where)
            if book is None and others_trips(tx, [wish.where], info.node_no):
                raise Refusal("no_seat")
            if book is None:
                raise Refusal("trip_not_for_sale", status=404)
            if not 0 <= wish.from_idx < wish.to_idx <= book.legs:
                raise Refusal("ride_order", status=422)
            if self._is_gone(book, info, wish.from_idx):
                raise Refusal("departed")
            if wish.seat == LAP:
                laps.promise(book, info.node_no, wish.from_idx, wish.to_idx)
                promised.add(wish.where)
                made.append(None)
                continue
            chosen = _cells_for(book, wish)
            made.append(batch.add(book, info, chosen, "sold", _until(book, info, wish.from_idx)))
        batch.flush()
        for where in sorted(promised):
            laps.store(tx, books[where])
        return made

    def free_lap(self, tx: Connection, where: Where, from_idx: int, to_idx: int) -> None:
        """A child to whom a lap was promised does not come."""
        book = ledger.load(tx, [where])[where]
        laps.forget(book, from_idx, to_idx)
        laps.store(tx, book)

    def change_vehicle(self, tx: Connection, where: Where, plan: str, note: str, by: str) -> VehicleChange:
        """Another vehicle runs on a dated trip: seats are counted anew, and who has none any more is seated elsewhere.

        Raises :class:`Refusal`: ``hub_recovering``, ``trip_not_for_sale``, and as :meth:`Vehicles.change`.
        """
        if recovery.recovering(tx):
            raise Refusal("hub_recovering")
        book = self._open(tx, [where], None).get(where)
        if book is None:
            raise Refusal("trip_not_for_sale", status=404)
        return self._vehicles.change(tx, book, plan, note, by)

    def resume(self, tx: Connection) -> None:
        """A recovery is over: see :meth:`Vehicles.resume`."""
        self._vehicles.resume(tx)

    def vehicle_changed(self, tx: Connection, where: Where) -> bool:
        """Whether another vehicle runs than the timetable says."""
        return newest_plan(tx, where) is not None

    def moved(self, tx: Connection, ticket_ids: Sequence[bytes]) -> dict[bytes, NewPlace]:
        """As :func:`new_places`."""
        return new_places(tx, ticket_ids)

    def labels(self, tx: Connection, where: Where) -> dict[int, str]:
        """As :func:`labels_of`."""
        return labels_of(tx, self._parts.timetable, where)

    def left(
        self, tx: Connection, trip_no: int, day: int, from_idx: int, to_idx: int
    ) -> tuple[int, tuple[int, ...], int]:
        """How many rides the hub can still sell there, the numbers of their seats (none for free seating), and how many children
        on laps."""
        book = ledger.load(tx, [(trip_no, day)])[trip_no, day]
        if not book.opened:
            shape_book(book, self._parts.timetable.trip_facts(tx, trip_no))
        if CANCELLED in (kind for kind, _ in self._parts.disturbed(tx, [(trip_no, day)]).values()):
            return 0, (), 0
        own = nodes.own(tx)
        room = laps.room(book, own.node_no if own else 0)
        children = max(min((room[leg] for leg in range(from_idx, to_idx)), default=0), 0)
        fitting = c.exact(book.free(), from_idx, to_idx, book.capacity, book.reserved)
        places = c.places_on(fitting, from_idx, book.reserved)
        return places, tuple(sorted(fitting)) if book.reserved else (), children

    def withdraw_older(self, tx: Connection, info: NodeInfo) -> None:
        """A box started a new log: what its old log was granted is not the new one's to sell, and stays held."""
        column = seat_grant.c
        mine = (column.node_no == info.node_no, column.node_epoch < info.epoch)
        older = tx.execute(sa.select(column.grant_id).where(*mine)).scalars()
        streams.publish_many(tx, node_stream(info.node_no), [(f"grant/{number}", None) for number in older])

    def _pass_on_sole(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """With a trip that a box gave away, its seats that passengers leave: it says nothing more of them."""
        for one in fresh.of(TripHandedOver):
            if one.held is None and isinstance(event := one.event, TripHandedOver):
                given = open_handover(event.signed)
                pass_on(tx, (given.trip_no, given.day), info.node_no, given.to_node_no)

    def pinned_days(self, tx: Connection) -> dict[int, set[int]]:
        """Trip → days on which anything of it was granted or sold: there a new feed must leave it as it was."""
        found: dict[int, set[int]] = {}
        for table in (dated_trip, seat_sold):
            for trip_no, day in tx.execute(sa.select(table.c.trip_no, table.c.day).distinct()):
                found.setdefault(trip_no, set()).add(day)
        return found

    def _open(
        self, tx: Connection, places: Iterable[Where], info: NodeInfo | None, known: Mapping[Where, Book] | None = None
    ) -> dict[Where, Book]:
        """Books of dated trips of which something may be granted to a node (None: to somebody): those that were cancelled are
        left out, and those of which another node alone is granted seats."""
        books = open_books(tx, self._parts.timetable, places, known)
        others = others_trips(tx, books, info.node_no) if info else set()
        if others and info and info.kind == VEHICLE:  # a box that took the trip over from another one
            others -= set(self._parts.duties.duties_of(tx, info.node_no))
        said = self._parts.disturbed(tx, books)
        for where, (_, minutes) in said.items():
            books[where].late_ms = minutes * 60_000
        gone = others | {where for where, (kind, _) in said.items() if kind == CANCELLED}
        return {where: book for where, book in books.items() if where not in gone}

    def _is_gone(self, book: Book, info: NodeInfo, from_idx: int) -> bool:
        """Whether a node sells no more rides from a stop, as far as the hub knows how late the trip is."""
        return self._parts.clock.wall_ms() >= _until(book, info, from_idx) + book.late_ms

    def _batch(self, tx: Connection) -> GrantBatch:
        return GrantBatch(tx, self._parts.signer, self._parts.clock)

    def _provision_place(self, tx: Connection, info: NodeInfo, now: int) -> None:
        settings = self._parts.settings
        until = now + settings.grant_hours * 3_600_000
        reach = self._parts.timetable.dated_trips_at(tx, info.stop_nos, now, until, settings.grant_trips)
        stops = {(trip_no, day): idx for trip_no, day, idx, _ in reversed(reach)}
        column = seat_grant.c
        mine = (column.node_no == info.node_no, column.node_epoch == info.epoch)
        served = {tuple(row) for row in tx.execute(sa.select(column.trip_no, column.day).where(*mine))}
        books = self._open(tx, sorted(set(stops) - served), info)
        batch = self._batch(tx)
        for where, book in books.items():
            self._give_block(batch, book, info, stops[where], "block")
        batch.flush()

    def _provision_vehicle(self, tx: Connection, info: NodeInfo, now: int) -> int:
        """Give the box what is left of its trips once they are near. Returns when to look again."""
        window = self._parts.settings.residual_minutes * 60_000
        books = self._open(tx, self._parts.duties.duties_of(tx, info.node_no), info)
        batch, looks = self._batch(tx), [now + self._parts.settings.provision_every_s * 1000]
        for book in books.values():
            if now > book.ends_ms + book.late_ms:
                continue
            if now >= book.departs_ms - window:
                self._give_rest(batch, book, info)
                make_sole(tx, (book.trip_no, book.day), info.node_no)
                looks.append(now + _VEHICLE_LOOK_MS)
            else:
                looks.append(book.departs_ms - window)
        batch.flush()
        return min(looks)

    def _give_rest(self, batch: GrantBatch, book: Book, info: NodeInfo) -> bool:
        rest = book.free()
        if rest:
            batch.add(book, info, rest, "residual", book.ends_ms)
        return bool(rest)

    def _give_block(self, batch: GrantBatch, book: Book, info: NodeInfo, from_idx: int, purpose: str) -> None:
        """A block for rides from one stop, so large that the node has its measure and others still get some."""
        if not 0 <= from_idx < book.legs or self._is_gone(book, info, from_idx):
            return
        mine = book.open_on((info.node_no, info.epoch), from_idx)
        share = max(book.capacity * self._parts.settings.share_percent // 100, 1)
        count = min(self._blocks[info.kind] - mine, share - book.open_places(from_idx))
        chosen = c.block(book.free(), from_idx, book.legs, count, book.reserved) if count > 0 else {}
        if chosen:
            batch.add(book, info, chosen, purpose, _until(book, info, from_idx))

    def _refill(self, batch: GrantBatch, book: Book, info: NodeInfo) -> None:
        holder = (info.node_no, info.epoch)
        leg = c.first_leg([line.cells for line in book.grants if line.holder == holder], book.reserved)
        if leg is not None and book.open_on(holder, leg, info.low_water) < info.low_water:
            self._give_block(batch, book, info, leg, "refill")

    def _answer(
        self, tx: Connection, batch: GrantBatch, books: dict[Where, Book], info: NodeInfo, pos: int, ask: SeatsAsked
    ) -> None:
        where = (ask.trip_no, ask.day)
        book = books.get(where)
        if book is None or not ask.from_idx < ask.to_idx <= book.legs:
            return
        if self._is_gone(book, info, ask.from_idx):
            return
        on_duty = info.kind == VEHICLE and where in set(self._parts.duties.duties_of(tx, info.node_no))
        if on_duty and self._give_rest(batch, book, info):
            return
        given = self._give_ride(batch, book, info, ask.from_idx, ask.to_idx, min(ask.count, book.capacity))
        missing = min(ask.count, book.capacity) - given
        if missing > 0:
            self._recalls.wait(tx, pos, info.node_no, ask, missing)
            self._recalls.ask_back(tx, book, info, ask, missing)

    def _give_ride(self, batch: GrantBatch, book: Book, info: NodeInfo, from_idx: int, to_idx: int, count: int) -> int:
        chosen = c.exact(book.free(), from_idx, to_idx, count, book.reserved)
        if chosen:
            batch.add(book, info, chosen, "asked", _until(book, info, from_idx))
        return c.places_on(chosen, from_idx, book.reserved)

    def _serve_waiting(self, tx: Connection, batch: GrantBatch, books: dict[Where, Book], back: set[Where]) -> None:
        kept = others_trips(tx, books, 0)  # of these nobody who waits is granted anything
        for where in sorted((back & set(books)) - kept):
            for row in self._recalls.waiting(tx, where):
                info = nodes.find(tx, row.node_no)
                if self._is_gone(books[where], info, row.from_idx):
                    self._recalls.served(tx, row.pos, 0)  # nobody waits for what has left
                    continue
                given = self._give_ride(batch, books[where], info, row.from_idx, row.to_idx, row.places)
                self._recalls.served(tx, row.pos, row.places - given)


def books_of(tx: Connection, where: Where) -> Book:
    """The book of one dated trip. Raises :class:`Refusal` (``trip_not_sold``, 404) when the hub never sold of it."""
    book = ledger.load(tx, [where])[where]
    if not book.opened and not book.sales:
        raise Refusal("trip_not_sold", status=404)
    return book


def _cells_for(book: Book, wish: RideWish) -> Cells:
    """The cells of one ride: of the seat that was chosen, or of the one that leaves least unused."""
    if wish.seat is None:
        chosen = c.exact(book.free(), wish.from_idx, wish.to_idx, 1, book.reserved)
        if not chosen:
            raise Refusal("no_seat")
        return chosen
    chosen = c.ride(wish.seat, wish.from_idx, wish.to_idx)
    if not book.reserved or wish.seat < 1 or not c.covers(book.free(), chosen, True):
        raise Refusal("seat_taken", field="seat", seat=wish.seat)
    return chosen


def _until(book: Book, info: NodeInfo, from_idx: int) -> int:
    """Until when a node may sell by plan: a place until the vehicle has left, the vehicle's box until its last stop. A node that
    has heard of a delay sells so much longer."""
    return book.ends_ms if info.kind == VEHICLE else book.calls_ms[from_idx]
