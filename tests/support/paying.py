"""A node that is paid by phone: the real one, with the real sandbox gateway at the other end of a line that a test holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.bootstrap import build
from edge.domains.payments.service import Payment
from edge.kernel.settings import Settings
from firmware_bridges.gateway.books import Books
from firmware_bridges.gateway.desk import FAULTS, Desk
from sync.domains import EVENTS
from sync.domains.payments.events import PaymentTaken
from sync.domains.ticketing.events import MOBILE, BookingSold, RefundPaid, TicketRefunded, TicketReissued, TicketSold
from sync.kernel.errors import Fault, Malformed
from tests.support.nodes import ALL_LEGS, COACH_TRIP, TODAY, Bench, CountingIds, NoLine, make_bench

KEY = b"the key that both ends of a test share"


class Killed(BaseException):
    """kill -9."""


@dataclass
class Line:
    """Carries a question to the gateway. ``before`` runs in front of it, ``after`` behind, as often as it is asked."""

    desk: Desk
    asked: list[str] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> bytes:
        self.asked.append(path)
        answer = self.desk.answer(path, body)
        if answer.body is None or answer.status != 200:
            raise Fault("hub_away")
        return answer.body


class Pen:
    """The writer of a node, which can be made to die at a commit: before it, or with it on the disk."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.commits = 0
        self.dies_at: int | None = None
        self.dies_after = False

    def execute(self, sql: str, *values: Any) -> Any:
        if sql != "COMMIT":
            return self._connection.execute(sql, *values)
        self.commits += 1
        dies = self.commits == self.dies_at
        if dies and not self.dies_after:
            raise Killed
        found = self._connection.execute(sql)
        if dies:
            raise Killed
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class PayBench:
    """A bench with a gateway."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.bench: Bench = make_bench(folder / "node")
        self.clock = self.bench.clock
        self.desk = Desk(Books(folder / "gateway"), self.clock, CountingIds(77), "yipiao", KEY, "http://pay.test")
        self.line = Line(self.desk)
        (folder / "node" / "gateway.key").write_bytes(KEY)
        self.settings = Settings(
            data=folder / "node", gateway_url="http://gateway.test", gateway_notify_url="http://box/cb"
        )
        self.starts = seed * 1_000
        self.start()
        self.bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})

    def start(self) -> None:
        """A new process over the same data; it reaches the gateway if that is there."""
        self.bench.node.database.close()
        self.starts += 1
        self.bench.boots = self.starts + 1
        ids = CountingIds(1_000 + self.starts)
        self.node = build(self.settings, self.clock, ids, NoLine(), gateway_line=self.line)
        self.bench.node = self.node
        self.node.clock.saw_hub(self.clock.wall_ms())
        self.pen = Pen(self.node.scribe.connection)
        self.node.scribe.connection = self.pen  # type: ignore[assignment]
        self.node.rounds.turn()

    def order(self, seat: int | None = None) -> int:
        """A passenger at the kiosk chose the coach."""
        return self.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, seat).order_no

    def asked(self, seat: int | None = None) -> Payment:
        """An order with its QR."""
        return self.node.payments.ask(self.order(seat))

    def faults(self, *names: str, times: int = 1) -> None:
        """Let the gateway misbehave."""
        self.desk.books.tell(dict.fromkeys(names, times))

    def honest(self) -> None:
        """No more misbehaviour."""
        self.desk.books.tell(dict.fromkeys(FAULTS, 0))

    def callbacks(self) -> None:
        """Deliver the callbacks that are due, as its courier would; what the box refuses comes again later."""
        rows = self.desk.books.rows("SELECT number, order_no, way FROM callback WHERE due_ms <= ?", (self.clock.wall,))
        for number, order_no, way in rows:
            try:
                self.node.payments.heard(self.desk.callback(str(order_no), str(way)) or b"")
            except Malformed:
                pass
            except Fault:
                continue
            with self.desk.books.write() as db:
                db.execute("DELETE FROM callback WHERE number = ?", (number,))

    def go_on(self, ms: int = 2_000, turns: int = 1) -> None:
        """Time passes, and the rounds are made."""
        for _ in range(turns):
            self.clock.pass_ms(ms)
            self.node.rounds.turn()

    def settle(self) -> None:
        """Everything is given the time that it takes, with a gateway that behaves."""
        self.honest()
        for _ in range(3):
            self.go_on(61_000, 8)
        self.go_on(11 * 60_000, 2)
        self.go_on(370 * 60_000, 1)  # closed payments are looked at again every six hours
        self.go_on(61_000, 3)

    def state(self, sale_no: int) -> str:
        """What became of an order's payment."""
        found = self.node.payments.of_sale(sale_no)
        return found.state if found else ""

    def events(self) -> list[Any]:
        """Everything in the log, in order."""
        rows = self.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
        return [EVENTS.decode(row[0]).event for row in rows]

    def money_at_gateway(self) -> int:
        """What the gateway took, less what it gave back, in minor units."""
        taken = self.desk.books.rows("SELECT coalesce(sum(paid_minor), 0) FROM payment")[0][0]
        back = self.desk.books.rows("SELECT coalesce(sum(amount_minor), 0) FROM refund WHERE state = 'done'")[0][0]
        return int(str(taken)) - int(str(back))

    def money_of_tickets(self) -> int:
        """What was paid by phone for tickets, less what was refunded that way, by the log."""
        total = 0
        for event in self.events():
            if isinstance(event, TicketSold) and event.payment == MOBILE:
                total += event.price_minor
            elif isinstance(event, BookingSold) and event.payment == MOBILE:
                total += sum(price for _, _, price in event.extras)
            elif isinstance(event, TicketRefunded) and event.payment == MOBILE:
                total -= event.refunded_minor
            elif isinstance(event, RefundPaid) and event.payment == MOBILE:
                total -= event.paid_minor
        return total

    def check(self) -> None:
        """No passenger paid without a ticket or the money back, no ticket without payment."""
        payments, repayments = self.node.payments.unsettled()
        assert not payments and not repayments, "something was never settled"
        assert self.money_at_gateway() == self.money_of_tickets()
        covered, instead = 0, 0
        for event in self.events():
            if isinstance(event, TicketReissued):
                instead = event.serial
            elif isinstance(event, PaymentTaken):
                assert covered == 0, "money without its ticket"
                covered = event.amount_minor
            elif isinstance(event, TicketSold) and event.payment == MOBILE and event.serial != instead:
                covered -= event.price_minor
                assert covered >= 0, "a ticket without its money"
            elif isinstance(event, BookingSold) and event.payment == MOBILE:
                covered -= sum(price for _, _, price in event.extras)
        assert covered == 0
        paid = self.desk.books.rows("SELECT order_no, paid_minor FROM payment WHERE state = 'paid'")
        taken = {event.order_no: event.amount_minor for event in self.events() if isinstance(event, PaymentTaken)}
        done = "SELECT order_no, sum(amount_minor) FROM refund WHERE state = 'done' GROUP BY order_no"
        back = {row[0]: row[1] for row in self.desk.books.rows(done)}
        for order_no, paid_minor in paid:
            assert taken.get(str(order_no), 0) == paid_minor or back.get(order_no) == paid_minor
        assert len(taken) == sum(isinstance(event, PaymentTaken) for event in self.events()), "paid for twice"
