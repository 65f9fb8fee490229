"""A seeded storm: passengers, a gateway that misbehaves in every way it knows, and a box that is killed at any commit.

At the end of each storm the gateway behaves again, and then: the money at the gateway is that of the tickets, to the fen.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.domains.payments import service, store
from edge.domains.payments.gateway import rounds
from edge.domains.payments.gateway.client import Gateway
from edge.domains.payments.service import Payments
from edge.domains.ticketing.office.bookings import Rider, Wish
from edge.kernel.scribe import UnitOfWork
from firmware_bridges.gateway.desk import FAULTS
from sync.domains.payments.events import CAUSES, PaymentTaken, RepaymentAsked
from sync.domains.payments.rules import Said
from sync.domains.ticketing.events import MOBILE, REASONS, TicketSold
from sync.kernel.errors import Fault, Refusal
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, TODAY
from tests.support.paying import Killed, PayBench

SEEDS, STEPS = 30, 60
SEATS = tuple(range(1, 9))


class Storm:
    """One seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.pay = PayBench(folder, seed)
        self.pay.bench.grant(LATE_TRIP, seats=dict.fromkeys(SEATS, ALL_LEGS))
        self.pay.bench.grant(COACH_TRIP, seats=dict.fromkeys(SEATS[2:], ALL_LEGS))
        self.seen: Counter[str] = Counter()
        self.orders: list[int] = []
        self.acts: list[Callable[[], None]] = [
            *[self.order_and_ask] * 4, self.ask, *[self.passenger_pays] * 5, *[self.callbacks] * 2, *[self.time] * 4,
            *[self.misbehave] * 4, self.give_up, self.cash, self.others, *[self.refund] * 2, self.exchange, self.long_time,
            self.gateway_killed,
        ]  # fmt: skip

    def run(self) -> None:
        """The storm, then quiet."""
        for _ in range(STEPS):
            if self.dice.random() < 0.15:
                self.pay.pen.dies_at = self.pay.pen.commits + self.dice.randint(1, 3)
                self.pay.pen.dies_after = self.dice.random() < 0.5
            act = self.dice.choice(self.acts)
            try:
                act()
            except Refusal as refusal:
                self.seen[refusal.code] += 1
            except Killed:
                self.killed()
        self.pay.pen.dies_at = None
        self.pay.settle()

    def killed(self) -> None:
        """The process is gone; the next one may be killed as it begins, too."""
        self.seen["killed_after" if self.pay.pen.dies_after else "killed_before"] += 1
        self.pay.clock.pass_ms(self.dice.choice([500, 30_000, 20 * 60_000]))
        self.pay.start()

    def order_and_ask(self) -> None:
        trip = self.dice.choice([COACH_TRIP, LATE_TRIP])
        seat = self.dice.choice([None, None, *SEATS])
        if self.dice.random() < 0.3:
            wish = Wish(((trip, TODAY, 0, 4),), (Rider(), Rider()))
            self.orders.append(self.pay.node.bookings.hold(wish, "kiosk").order_no)
        else:
            self.orders.append(self.pay.node.ticketing.order(trip, TODAY, 0, 4, seat).order_no)
        self.pay.node.payments.ask(self.orders[-1], self.dice.choice([0, CLERK_NO]))

    def ask(self) -> None:
        if self.orders:
            self.pay.node.payments.ask(self.dice.choice(self.orders), self.dice.choice([0, CLERK_NO]))

    def passenger_pays(self) -> None:
        """Whoever has a QR in hand, also an old one."""
        state = self.dice.choice(["created", "created", "created", "closed", "paid"])
        query = "SELECT order_no FROM payment WHERE state = ? AND amount_minor > 0 ORDER BY order_no"
        known = self.pay.desk.books.rows(query, (state,))
        if known:
            if state == "closed" and self.dice.random() < 0.5:
                self.pay.faults("paid_closed", "callback_lost")
            self.seen["pays"] += 1
            self.pay.desk.pay(str(self.dice.choice(known)[0]))

    def callbacks(self) -> None:
        self.pay.callbacks()

    def time(self) -> None:
        self.pay.go_on(self.dice.choice([100, 2_000, 5_000]), self.dice.randint(1, 2))

    def long_time(self) -> None:
        self.pay.go_on(self.dice.choice([3 * 60_000, 16 * 60_000, 45 * 60_000]))

    def misbehave(self) -> None:
        name = self.dice.choice(FAULTS)
        self.seen[f"told_{name}"] += 1
        self.pay.faults(name, times=1 if name == "down" else self.dice.randint(1, 2))

    def give_up(self) -> None:
        if self.orders:
            self.pay.node.ticketing.cancel(self.dice.choice(self.orders))

    def cash(self) -> None:
        if self.orders:
            self.pay.node.ticketing.confirm(self.dice.choice(self.orders), CLERK_NO)

    def others(self) -> None:
        self.pay.bench.sell(seat=self.dice.choice([None, *SEATS]), trip_no=self.dice.choice([COACH_TRIP, LATE_TRIP]))

    def refund(self) -> None:
        numbers = [ticket.number for ticket in self.pay.node.ticketing.takings(None, TODAY).tickets]
        if numbers:
            number, reason = self.dice.choice(numbers), self.dice.choice(REASONS)
            fee = self.pay.node.refunds.offer(number, reason).fee_minor
            self.pay.node.refunds.refund(number, reason, fee, CLERK_NO, f"refund-{number}-{self.dice.random()}"[:80])

    def exchange(self) -> None:
        numbers = [ticket.number for ticket in self.pay.node.ticketing.takings(None, TODAY).tickets]
        if numbers:
            number, where = self.dice.choice(numbers), (LATE_TRIP, TODAY, 0, 4)
            due_minor = self.pay.node.rebooking.offer(number, where, "passenger").due_minor
            key = f"exchange-{number}-{self.dice.random()}"[:80]
            self.pay.node.rebooking.rebook(number, where, None, "passenger", due_minor, CLERK_NO, key)
            self.seen["exchanged"] += 1

    def gateway_killed(self) -> None:
        """Its books are on the disk; only what it was about to send is gone."""
        books = self.pay.desk.books
        folder = Path(books.rows("PRAGMA database_list")[0][2]).parent  # type: ignore[arg-type]
        books.close_file()
        books.__init__(folder)  # type: ignore[misc]


def storms(folder: Path, seeds: range, check: bool = True) -> Counter[str]:
    """Run them all; what was seen. Raises AssertionError with the seed in its folder's name."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        storm = Storm(folder / f"seed-{seed}", seed)
        storm.run()
        if check:
            storm.pay.check()
        seen += storm.seen
        for event in storm.pay.events():
            if isinstance(event, TicketSold) and event.payment == MOBILE:
                seen["tickets"] += 1
            elif isinstance(event, RepaymentAsked):
                seen[f"back_{CAUSES[event.cause]}"] += 1
        storm.pay.node.database.close()
    return seen


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_whatever_fails_the_money_is_that_of_the_tickets(tmp_path: Path, first: int) -> None:
    seen = storms(tmp_path, range(first, first + 10))
    assert seen["tickets"] and seen["killed_before"] and seen["killed_after"]
    assert all(seen[f"told_{name}"] for name in FAULTS), seen


def test_the_storms_bring_about_everything_that_they_are_to_show(tmp_path: Path) -> None:
    seen = storms(tmp_path, range(100, 112))
    causes = [f"back_{cause}" for cause in CAUSES]
    assert all(seen[name] for name in ("pays", "payment_away", *causes)), seen


def settles_in_two_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the ticket in a commit of its own, behind the money's."""
    real = Payments.settle
    waiting: list[store.PaymentRow] = []

    def sell(self: Payments, unit: UnitOfWork, row: store.PaymentRow, said: Said) -> None:
        first = self._orders.next_serial(unit.connection)
        unit.append(PaymentTaken(row.order_no, said.gateway_no, said.paid_minor, said.currency, first, said.paid_ms))
        waiting.append(row)

    def settle(self: Payments, said: Said) -> None:
        waiting.clear()
        real(self, said)
        for row in waiting:
            self._scribe.record(
                lambda unit, row=row: self._orders.sell(unit, row.sale_no, row.clerk_no, row.amount_minor)  # type: ignore[misc]
            )

    monkeypatch.setattr(Payments, "_sell", sell)
    monkeypatch.setattr(Payments, "settle", settle)


def looks_at_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what the gateway has closed is closed, and nobody asks again."""
    monkeypatch.setattr(rounds, "LOOKED_AFTER_MS", 0)


def gives_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: money is asked back once, and what the gateway says to it is not waited for."""

    def repay(self: rounds.Rounds, gateway: Gateway, row: store.RepaymentRow) -> None:
        with contextlib.suppress(Fault):
            gateway.refund(row.order_no, row.refund_no, row.amount_minor)
        self._payments.returned(row.refund_no, "G")

    monkeypatch.setattr(rounds.Rounds, "_repay", repay)


def takes_any_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: whatever was paid is enough."""
    real = service.rules.meaning
    monkeypatch.setattr(
        service.rules, "meaning", lambda said, *money: {"odd": "good"}.get(real(said, *money), real(said, *money))
    )


def refunds_in_cash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the refund says that it goes back by phone, and nobody asks the gateway."""
    monkeypatch.setattr(Payments, "give_back", lambda self, unit, ticket_id, amount: MOBILE)


@pytest.mark.parametrize(
    "plant", [settles_in_two_commits, looks_at_nothing_again, gives_back_once, takes_any_amount, refunds_in_cash]
)
def test_a_planted_fault_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, Refusal)):
        storms(tmp_path, range(30))
