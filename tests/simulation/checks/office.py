"""The office's laws: a number is used once, a ticket is given back once, what is sold together is whole, an exchange is both
of its halves, and sellers owe what was sold for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.simulation.checks.readings import (
    ACCOUNT,
    BOOKED,
    PAID_OUT,
    REBOOKED,
    REFUNDED,
    REISSUED,
    SOLD,
    TAKEN_BACK,
    Happened,
    Log,
    Readings,
    ticket_of,
)
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

# Reasons of refunds that are half of an exchange.
EXCHANGE = {REBOOKED: 4, REISSUED: 5}


def judge(world: World, found: Readings) -> None:
    """Log by log, then ticket by ticket, then the sellers."""
    doubtful = found.tainted_logs() | world.tainted_logs
    for log, events in found.by_log(doubtful).items():
        _judge_serials(log, events)
        _judge_bookings(log, events)
        _judge_exchanges(log, events, found)
    _judge_refunds(found)
    _judge_sellers(world, found)


def _judge_serials(log: Log, events: list[Happened]) -> None:
    """From 1, without gaps, in the order of the log."""
    serials = [event.body[0] for event in events if event.type == SOLD]
    if serials != list(range(1, len(serials) + 1)):
        where = next(n for n, serial in enumerate(serials, 1) if n != serial)
        raise Violation("serials", f"ticket {where} of log {log} has number {serials[where - 1]}")


def _judge_bookings(log: Log, events: list[Happened]) -> None:
    """Every ticket of it stands right before it, once, and with the extras they make the sum that was paid."""
    sold: dict[int, Happened] = {}
    used: set[int] = set()
    for event in events:
        if event.type == SOLD:
            sold[event.body[0]] = event
        elif event.type == BOOKED:
            first, count, total, currency, payment, _, _, extras = event.body[:8]
            mine = [sold.get(first + n) for n in range(count)]
            whole = [one for one in mine if one is not None and one.body[8:10] == [currency, payment]]
            if len(whole) != count or whole[-1].seq >= event.seq or not used.isdisjoint(range(first, first + count)):
                raise Violation("booking_parts", f"log {log} event {event.seq}: {len(whole)} of {count} tickets")
            used |= set(range(first, first + count))
            if total != sum(one.body[7] for one in whole) + sum(price for _, _, price in extras):
                raise Violation("booking_sum", f"log {log} event {event.seq}: {total} is not the sum of its parts")


def _judge_exchanges(log: Log, events: list[Happened], found: Readings) -> None:
    """The old ticket is given back and the new one sold; a new paper is for the same ride, seat and price."""
    sales = {event.body[0]: event.body for event in events if event.type == SOLD}
    back = {event.body[0]: event for event in events if event.type == REFUNDED}
    for event in events:
        if event.type not in EXCHANGE or event.pos in found.quarantined:
            continue
        old_id, serial = event.body[:2]
        old, new, refund = sales.get(int.from_bytes(old_id[4:], "big")), sales.get(serial), back.get(old_id)
        if old is None or new is None or refund is None or refund.body[10] != EXCHANGE[event.type]:
            raise Violation("exchange_half", f"log {log} event {event.seq}: {old} for {new}, given back {refund}")
        if event.type == REISSUED and (old[1:10] != new[1:10] or refund.body[7] != old[7]):
            raise Violation("reissue_other", f"log {log} event {event.seq}: {old[1:10]} became {new[1:10]}")
        if event.type == REBOOKED and event.body[2] != refund.body[6]:
            raise Violation("exchange_fee", f"log {log} event {event.seq}: {event.body[2]}, and {refund.body[6]}")


def _judge_refunds(found: Readings) -> None:
    """Money goes back once, and makes the price together with the fee; what broke a rule is known to have done so."""
    prices = {
        ticket_of(event.log, event.body[0]): event.body[7] for event in reversed(found.events) if event.type == SOLD
    }
    back: dict[bytes, int] = {}
    for event in found.events:
        ticket_id = found.given_back(event)
        if ticket_id is None or event.type == TAKEN_BACK:  # with a seat that is taken back, no money goes back
            continue
        fee, minor = event.body[5:7] if event.type == PAID_OUT else event.body[6:8]
        if ticket_id in back:
            raise Violation("given_back_twice", f"ticket {ticket_id.hex()} at {back[ticket_id]} and {event.pos}")
        back[ticket_id] = event.pos
        if prices.get(ticket_id) != fee + minor:
            raise Violation("refund_sum", f"ticket {ticket_id.hex()}: {fee} and {minor} of {prices.get(ticket_id)}")


def _judge_sellers(world: World, found: Readings) -> None:
    """What each owes by the books is what was sold and given back for it."""
    mine: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for event in found.events:
        if event.type == SOLD and event.body[9] == ACCOUNT:
            mine[event.body[10], event.body[8]].update({"tickets": 1, "sold": event.body[7]})
        elif event.type == REFUNDED and event.body[9] == ACCOUNT:
            mine[event.body[12], event.body[8]].update({"refunds": 1, "back": event.body[7]})
    query = "SELECT seller_no, currency, tickets, sold_minor, refunds, refunded_minor FROM seller_sum"
    kept = {(row[0], row[1]): tuple(row[2:]) for row in world.hub.rows(query)}
    names = ("tickets", "sold", "refunds", "back")
    told = {key: tuple(count[name] for name in names) for key, count in mine.items()}
    if kept != told:
        raise Violation("sellers", f"sellers owe {kept} by the books, {told} by the log")
    query = "SELECT seller_no, currency, kind, sum(amount_minor) FROM seller_entry GROUP BY seller_no, currency, kind"
    entries = {(row[0], row[1], row[2]): row[3] for row in world.hub.rows(query)}
    for (seller_no, currency), count in mine.items():
        stated = entries.get((seller_no, currency, "sale"), 0), entries.get((seller_no, currency, "refund"), 0)
        if stated != (count["sold"], count["back"]):
            raise Violation("sellers", f"the statement of seller {seller_no} says {stated}, the log {dict(count)}")
