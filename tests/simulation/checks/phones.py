"""Money by phone: the gateway's own books against tickets and repayments. Nobody paid without a ticket, or has a ticket
without payment; a box on a disk that lost its end, or was taken out, knows of no payment before it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation.checks.money import BACK, moved
from tests.simulation.checks.readings import (
    BACK_ASKED,
    BACK_MADE,
    BOOKED,
    MOBILE,
    PAID_OUT,
    PAY_TAKEN,
    REFUNDED,
    REISSUED,
    SOLD,
    Happened,
    Log,
    Readings,
    ticket_of,
)
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World


def judge(world: World, found: Readings) -> None:
    """The gateway's side, each log's side, and what the hub makes of both."""
    gateway = world.gateway
    if gateway is None:
        return
    doubtful = found.tainted_logs() | world.tainted_logs
    taken = {event.body[0]: event for event in found.events if event.type == PAY_TAKEN}
    asked = {(event.body[0], event.body[1]): event.body[2] for event in found.events if event.type == BACK_ASKED}
    paid = {str(row[0]): int(str(row[1])) for row in gateway.books.rows(
        "SELECT order_no, paid_minor FROM payment WHERE state = 'paid'")}  # fmt: skip
    back = _given_back(gateway)
    for order_no, paid_minor in paid.items():
        _judge_payment(world, gateway, order_no, (paid_minor, back[order_no]), taken.get(order_no))
    for order_no, event in taken.items():
        if paid.get(order_no) != event.body[2]:
            raise Violation(
                "ticket_without_payment", f"log {event.log} took {event.body[2]} for {order_no}, nobody paid"
            )
    for number, refund_no, minor in gateway.books.rows("SELECT order_no, refund_no, amount_minor FROM refund"):
        if asked.get((str(number), str(refund_no)), minor) != minor:
            raise Violation("repaid_other", f"the gateway gave {minor} back for {refund_no}, asked for otherwise")
    mobile: dict[bytes, int] = {}
    for log, events in found.by_log(doubtful).items():
        _judge_log(log, events, mobile)
    _judge_ways(found, mobile, doubtful)
    _judge_hub(world, found, doubtful)


def _judge_payment(
    world: World, gateway: SimulatedGateway, order_no: str, money: tuple[int, int], taken: Happened | None
) -> None:
    paid_minor, back_minor = money
    if back_minor > paid_minor:
        raise Violation("repaid_above", f"{order_no} was paid {paid_minor}, and {back_minor} went back")
    shown = gateway.shown[order_no]
    current = any((box.name, box.renewals) == shown.disk for box in world.boxes)
    if not current or shown.disk in world.doubtful:
        return
    if taken is None and back_minor != paid_minor:
        raise Violation(
            "paid_without_ticket", f"{order_no} at {shown.disk[0]}: {paid_minor} paid, {back_minor} came back"
        )


def _judge_log(log: Log, events: list[Happened], mobile: dict[bytes, int]) -> None:
    """Money comes right before its tickets, and they use it up; a new paper needs none."""
    left, instead = 0, 0
    for event in events:
        if event.type == REISSUED:
            instead = event.body[1]
        elif event.type == PAY_TAKEN:
            if left:
                raise Violation(
                    "paid_without_ticket", f"log {log} event {event.seq}: {left} of the payment before is left"
                )
            left = event.body[2]
        elif event.type == SOLD and event.body[9] == MOBILE:
            mobile[ticket_of(log, event.body[0])] = event.body[7]
            left -= event.body[7] if event.body[0] != instead else 0
        elif event.type == BOOKED and event.body[4] == MOBILE:
            left -= sum(price for _, _, price in event.body[7])
        if left < 0:
            raise Violation("ticket_without_payment", f"log {log} event {event.seq}: {-left} more than was paid")
    if left:
        raise Violation("paid_without_ticket", f"log {log}: {left} of its last payment is left")


def _judge_ways(found: Readings, mobile: dict[bytes, int], doubtful: set[Log]) -> None:
    """What came by phone goes back by phone, and what is to go back is asked for, once."""
    repaid: Counter[bytes] = Counter()
    refunded: Counter[bytes] = Counter()
    for event in found.events:
        if event.log in doubtful:
            continue
        if event.type == BACK_ASKED and event.body[5]:
            repaid[event.body[5]] += event.body[2]
        elif event.type == REFUNDED and event.body[10] != 5:
            if (event.body[9] == MOBILE) != (event.body[0] in mobile):
                raise Violation("other_way_back", f"log {event.log} event {event.seq} gave it back another way")
            refunded[event.body[0]] += event.body[7] if event.body[9] == MOBILE else 0
        elif event.type == PAID_OUT:
            by_phone = moved(event.type, event.body) == (BACK, event.body[6], event.body[7], MOBILE)
            if by_phone != (event.body[2] in mobile):
                raise Violation("other_way_back", f"log {event.log} event {event.seq} paid it out another way")
            refunded[event.body[2]] += event.body[6] if by_phone else 0
    if +repaid != +refunded:
        raise Violation("repaid_other", f"asked of the gateway {dict(+repaid)}, refunded by phone {dict(+refunded)}")


def _judge_hub(world: World, found: Readings, doubtful: set[Log]) -> None:
    """In the hub's books no money waits for its tickets, and nothing is open that the box has settled."""
    made = {event.body[1] for event in found.events if event.type == BACK_MADE}
    for node_no, epoch, order_no, left in world.hub.rows(
        "SELECT node_no, epoch, order_no, left_minor FROM payment WHERE left_minor != 0"
    ):
        if (node_no, epoch) not in doubtful:
            raise Violation("paid_without_ticket", f"by the hub {left} of {order_no} is without a ticket")
    for refund_no, done in world.hub.rows("SELECT refund_no, made FROM repayment"):
        if bool(done) != (refund_no in made):
            raise Violation("repaid_other", f"the hub has {refund_no} as {'made' if done else 'open'}")


def _given_back(gateway: SimulatedGateway) -> Counter[str]:
    rows = gateway.books.rows("SELECT order_no, sum(amount_minor) FROM refund GROUP BY order_no")
    return Counter({str(order_no): int(str(minor)) for order_no, minor in rows})
