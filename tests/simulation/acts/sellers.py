"""Other sellers: their programs book, pay and give back at the hub, which sells from what it has not granted."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.domains.sellers.books import accounts, bookings
from cloud.domains.sellers.books.accounts import Seller
from cloud.domains.sellers.books.bookings import Booking, Item
from cloud.domains.sellers.service import Once, Wish
from sync.kernel import ticket
from tests.simulation.acts.counter import ride_of
from tests.simulation.boxes import Ride
from tests.simulation.told import HUB, Paper

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

NAMES: Final = ("竹林旅行", "口岸票務")
LIMIT_MINOR: Final = 400_000
PLACES: Final = (0, 1, 2, 3)
PAID_AT_ONCE: Final = 0.7
# What a program hears that does not know whether it was done.
UNSURE: Final = ("hub_away", "internal")
Seen = tuple[Booking, dict[int, str], dict[int, int]]
Work = Callable[[Hub, sa.Connection, Seller], Booking]


def seller_book(world: World, _box: Box, rng: random.Random) -> str:
    """A phone at home: one place or a few, of one ride."""
    ride = ride_of(world, world.boxes[rng.choice(PLACES)], rng)
    if ride is None:
        return "no ride"
    to_idx, count = rng.randint(ride.from_idx + 1, ride.last_idx), rng.choice((1, 1, 1, 2, 3))
    seat = rng.randint(1, 8) if rng.random() < 0.3 else None
    name, key = rng.choice(NAMES), f"book-{rng.getrandbits(60):015x}"

    def book(hub: Hub, tx: sa.Connection, seller: Seller) -> Booking:
        wish = _wish(hub, tx, ride, to_idx, seat)
        wishes = [wish, *[Wish(*_plain(wish)) for _ in range(count - 1)]]
        return hub.selling.book(tx, seller, wishes, "sim", Once(key, b"book"))

    outcome = ask(world, name, book)
    if outcome == bookings.HELD and rng.random() < PAID_AT_ONCE:
        return seller_ticket(world, _box, rng)
    return outcome


def seller_ticket(world: World, _box: Box, rng: random.Random) -> str:
    """One of the last bookings is paid for."""
    held = [one for one in world.shop.values() if one[2] == bookings.HELD][-2:]
    if not held:
        return "nothing held"
    name, booking_id, _ = held[-1 if rng.random() < PAID_AT_ONCE else 0]
    key = f"sell-{rng.getrandbits(60):015x}"
    return ask(world, name, lambda hub, tx, seller: hub.selling.ticket(tx, seller, booking_id, Once(key, b"sell")))


def seller_back(world: World, _box: Box, rng: random.Random) -> str:
    """One ticket of a booking is given back, or exchanged for another ride; or what is held is let go."""
    if not world.shop:
        return "no booking"
    some = list(world.shop.values())[-40:]
    name, booking_id, state = some[rng.randrange(len(some))]
    if state == bookings.HELD:
        return ask(world, name, lambda hub, tx, seller: hub.selling.cancel(tx, seller, booking_id))
    key, pick = f"back-{rng.getrandbits(60):015x}", rng.random()
    ride = ride_of(world, world.boxes[rng.choice(PLACES)], rng) if rng.random() < 0.4 else None
    papers = [paper for paper in world.told.of.get((HUB, 0), {}).values() if paper.booking == booking_id]
    before = [paper.asked for paper in papers]

    def back(hub: Hub, tx: sa.Connection, seller: Seller) -> Booking:
        found = bookings.find(tx, booking_id, seller.seller_no)
        item = found.items[int(pick * len(found.items))]
        if ride is not None:
            wish = _wish(hub, tx, ride, min(ride.from_idx + item.to_idx - item.from_idx, ride.last_idx), None)
            due = hub.exchanges.offer(tx, found, item.idx, wish).due_minor
            return hub.exchanges.exchange(tx, seller, booking_id, item.idx, wish, due, Once(key, b"other"))
        fee = hub.selling.refund_offer(tx, found, item.idx).fee_minor
        return hub.selling.refund(tx, seller, booking_id, item.idx, fee, Once(key, b"back"))

    for paper in papers:
        paper.asked = True
    outcome = ask(world, name, back)
    if outcome not in (*UNSURE, *bookings.STATES):
        for paper, asked in zip(papers, before, strict=True):
            paper.asked = asked or world.told.took_back(paper)
    return outcome


def seller_again(world: World, _box: Box, rng: random.Random) -> str:
    """A program that got no answer asks the same again."""
    if not world.shop_unanswered:
        return "nothing unanswered"
    return world.shop_unanswered.pop(rng.randrange(len(world.shop_unanswered)))(world)


def lapse(world: World, _box: Box, _rng: random.Random) -> str:
    """The hub lets go what was held too long."""
    found, code = world.hub.command(lambda hub: hub.lapse())
    return code or f"{found} lapsed"


def ask(world: World, name: str, work: Work) -> str:
    """A request of a seller's program, and what it then sees of its booking."""

    def act(hub: Hub, tx: sa.Connection) -> Seen:
        seller = accounts.named(tx, name)
        if seller is None:
            seller = accounts.find(tx, hub.sellers.add(tx, name, LIMIT_MINOR, 50))
        made = work(hub, tx, seller)
        return made, hub.selling.codes(tx, made), {item.idx: _capacity(hub, tx, item) for item in made.items}

    found, code = world.hub.quietly(act)
    if code in UNSURE:
        world.shop_unanswered.append(partial(_again, name, work))
    return code or _see(world, name, found)


def _again(name: str, work: Work, world: World) -> str:
    return ask(world, name, work)


def _see(world: World, name: str, seen: Seen) -> str:
    made, codes, capacities = seen
    world.shop[made.booking_id] = name, made.booking_id, made.state
    for item in made.items:
        if item.ticket_id is None:
            continue
        known = world.told.of.get((HUB, 0), {}).get(item.ticket_id)
        if item.idx in codes:
            if known is not None:
                known.asked = False
            world.told.issued(_paper(item, codes[item.idx], made.booking_id), capacities[item.idx])
        elif known is not None and item.refunded_minor is not None:
            world.told.refund(None, known, item.fee_minor or 0, item.refunded_minor, f"{made.booking_no}/{item.idx}")
    texts = ", ".join(f"trip {one.trip_no} day {one.day} seat {one.seat}" for one in made.items)
    world.hub.say(f"{name}: booking {made.booking_no} is {made.state}: {texts}")
    return made.state


def _paper(item: Item, text: str, booking_id: str) -> Paper:
    opened = ticket.parse(text)
    return Paper(
        (HUB, 0), opened.kid, item.ticket_id or b"", opened.claims.ticket_id.number, text, ticket.short_code(text),
        *item.ride, item.seat, item.price_minor, item.currency, item.departs_ms, False, payment="account",
        booking=booking_id,
    )  # fmt: skip


def _capacity(hub: Hub, tx: sa.Connection, item: Item) -> int:
    facts = hub.rides.trip_facts(tx, item.trip_no)
    return facts.capacity if facts is not None else 0


def _wish(hub: Hub, tx: sa.Connection, ride: Ride, to_idx: int, seat: int | None) -> Wish:
    found = hub.rides.ride(tx, ride.trip_no, ride.day, ride.from_idx, to_idx)
    return Wish(ride.trip_no, ride.day, ride.from_idx, to_idx, found.price_minor, found.currency, seat)


def _plain(wish: Wish) -> tuple[Any, ...]:
    return wish.trip_no, wish.day, wish.from_idx, wish.to_idx, wish.price_minor, wish.currency


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "seller_book": seller_book,
    "seller_ticket": seller_ticket,
    "seller_back": seller_back,
    "seller_again": seller_again,
    "lapse": lapse,
}
