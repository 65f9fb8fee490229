"""Shifts: a drawer is opened, cash goes in and out, it is counted, and another clerk goes on with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from edge.domains.shifts.service import Slip
from edge.kernel.accounts import Clerk
from sync.domains.shifts.events import CASH_REASONS
from sync.domains.ticketing.events import PAYMENTS
from tests.simulation.acts.counter import CLERK_NO, FLOAT_MINOR
from tests.simulation.told import Drawn
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

OTHER: Final = Clerk(2, "夜班", ("clerk",))
CLERKS: Final = (CLERK_NO, OTHER.clerk_no)


def shift_open(_world: World, box: Box, rng: random.Random) -> str:
    """A clerk begins, with or without coins in the drawer."""
    clerk_no, amounts = rng.choice((*CLERKS, CLERK_NO)), FLOAT_MINOR if rng.random() < 0.7 else {}
    answer = box.ask(lambda node: node.shifts.open(clerk_no, amounts))
    return answer.code or f"shift {answer.value.shift_no} of clerk {clerk_no}"


def cash(_world: World, box: Box, rng: random.Random) -> str:
    """Coins are fetched, or some of the money is carried to the bank."""
    into, amount, reason = rng.random() < 0.5, rng.randint(1, 300) * 100, rng.choice(CASH_REASONS)
    key = f"{box.name}-cash-{rng.getrandbits(40):010x}"
    currency = rng.choice(("CNY", "CNY", "HKD"))
    answer = box.ask(lambda node: node.shifts.move_cash(CLERK_NO, into, currency, amount, reason, key))
    return answer.code or f"{amount} {currency} {'in' if into else 'out'}"


def shift_close(world: World, box: Box, rng: random.Random) -> str:
    """A clerk counts, rightly or not, and hands in the slip; another may go on with the drawer."""
    return _close(world, box, rng.choice((*CLERKS, CLERK_NO)), rng)


def close_all(world: World, box: Box, rng: random.Random) -> None:
    """At the end of the day nobody has a drawer any more."""
    for clerk_no in CLERKS:
        box.say(f"shift_close: {_close(world, box, clerk_no, rng)}")


def _close(world: World, box: Box, clerk_no: int, rng: random.Random) -> str:
    off, takes = rng.choice((0, 0, 0, -100, 500)), rng.random() < 0.3
    current = box.ask(lambda node: node.shifts.current(clerk_no))
    if current.code or current.value is None:
        return current.code or "no shift"
    slip: Slip = current.value
    counted = {
        (line.currency, PAYMENTS.index(line.payment)): max(line.expected_minor + off, 0)
        for line in slip.lines
        if line.payment == "cash"
    }
    taken_by = OTHER if takes and clerk_no != OTHER.clerk_no else None
    answer = box.ask(lambda node: node.shifts.close(slip.shift_no, clerk_no, counted, taken_by=taken_by))
    if answer.code:
        return answer.code
    closed: Slip = answer.value
    for line in closed.lines:
        if line.expected_minor != line.sold_minor - line.refunded_minor + line.float_minor + (
            line.paid_in_minor - line.paid_out_minor
        ):
            raise Violation("slip_sum", f"{box.name}, shift {closed.shift_no}: {line}")
    log = box.identity()
    if log is not None and not box.tainted:
        lines = {(line.currency, PAYMENTS.index(line.payment)): line.expected_minor for line in closed.lines}
        world.told.drawers.append(Drawn((box.name, box.renewals), log, closed.shift_no, clerk_no, lines))
    return f"shift {closed.shift_no} of clerk {clerk_no} closed"


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "shift_open": shift_open,
    "cash": cash,
    "shift_close": shift_close,
}
