"""A seller's booking as sheets for the press: a page a ticket that is still good, then what was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from cloud.domains.sellers.api.schemas import number_of
from cloud.domains.sellers.books.bookings import GIVEN_BACK, TICKETED, Booking, Item, over
from cloud.kernel.formats import Formats
from papers import sheets
from papers.sheets import Job, Line, Sheet
from sync import catalogue
from sync.kernel import days, ticket
from sync.kernel.ticket import RIDERS

if TYPE_CHECKING:
    from cloud.bootstrap import Hub
    from cloud.kernel.ports import NewPlace


def job(hub: Hub, tx: Connection, found: Booking, seller: str, language: str, size: str) -> Job:
    """What the PDF of a booking is made of. Raises :class:`Refusal` ``booking_over_…``: it has no ticket that is good."""
    texts = hub.selling.codes(tx, found) if found.state == TICKETED else {}
    if not texts:
        raise over(GIVEN_BACK if found.state == TICKETED else found.state)
    words = _Words(hub, tx, found, seller, language)
    good = [item for item in found.items if item.idx in texts]
    made = (*(words.ticket(item, texts[item.idx]) for item in good), words.receipt(found, good))
    return Job(made, size, language, f"{words.text('party_receipt')} {found.reference}")


class _Words:
    """Says things about one booking in one language."""

    def __init__(self, hub: Hub, tx: Connection, found: Booking, seller: str, language: str) -> None:
        self._catalogue, self._language, self._seller = catalogue.load(), language, seller
        ends = {item.ride: hub.rides.ends_of(tx, item.trip_no, item.from_idx, item.to_idx) for item in found.items}
        stops = {stop for start, end, _ in ends.values() for stop in (start, end)}
        self._ends, self._names = ends, hub.places.stop_names(tx, stops, language)
        self._labels, self._moved = hub.selling.labels(tx, [found]), hub.selling.moved(tx, [found])

    def text(self, key: str, **fill: object) -> str:
        """A text of the catalogue."""
        return self._catalogue.text(key, self._language, **fill)

    def ticket(self, item: Item, code: str) -> Sheet:
        """One ticket. One that is bound to a phone has no code on paper."""
        formats = Formats(self._language, self._ends[item.ride][2])
        lines = [sheets.head(self.text("product_name"), self._seller)]
        lines += self._elsewhere(item, self._moved.get(item.ticket_id or b""))
        lines.append(sheets.boxed(self.text("shop_on_phone")) if item.holder else sheets.code(code))
        return (
            *lines,
            sheets.title(self._way(item)),
            sheets.when(self._clock(item), formats.day(days.day_at(item.departs_ms, formats.zone))),
            sheets.facts(
                (self.text("seat"), self._seat(item, item.seat) or self.text("seat_free")),
                (self.text("price"), formats.money(item.price_minor, item.currency)),
                (self.text("party_riders"), self.text(f"rider_{RIDERS[item.rider]}")),
                (self.text("short_code"), ticket.short_code(code)),
            ),
            sheets.number(number_of(item) or ""),
            sheets.fine(self.text("ticket_keep")),
        )

    def receipt(self, found: Booking, good: list[Item]) -> Sheet:
        """What the good tickets cost."""
        lines: list[Line] = [
            sheets.head(self.text("product_name"), self.text("party_receipt")),
            sheets.text(self._seller),
        ]
        totals: dict[str, int] = {}
        formats = Formats(self._language, "UTC")
        for item in good:
            totals[item.currency] = totals.get(item.currency, 0) + item.price_minor
            price = formats.money(item.price_minor, item.currency)
            lines.append(sheets.row(f"{self._clock(item)} {self._way(item)}", self._seat(item, item.seat), price))
        for currency, minor in totals.items():
            lines.append(sheets.total(self.text("party_total"), "", formats.money(minor, currency)))
        return (*lines, sheets.number(found.reference), sheets.fine(self.text("ticket_keep")))

    def _elsewhere(self, item: Item, now: NewPlace | None) -> list[Line]:
        """What another vehicle means to who sits there."""
        if now is None:
            return []
        if now.seat is None:
            return [sheets.boxed(self.text("shop_seat_none"))]
        if not now.seat or now.seat == item.seat:
            return []
        seat, old = self._seat(item, now.seat), self._seat(item, item.seat)
        return [sheets.boxed(self.text("shop_seat_now", seat=seat, old=old))]

    def _way(self, item: Item) -> str:
        start, end, _ = self._ends[item.ride]
        return f"{self._names.get(start, '')} → {self._names.get(end, '')}"

    def _clock(self, item: Item) -> str:
        return f"{days.local_time(item.departs_ms, self._ends[item.ride][2]):%H:%M}"

    def _seat(self, item: Item, seat: int) -> str:
        """What stands on a seat, or that it is none; empty where seats have no numbers."""
        if seat == item.seat and item.seat_no is None:
            return self.text("seat_lap")
        return self._labels.get((item.trip_no, item.day), {}).get(seat) or (str(seat) if seat else "")
