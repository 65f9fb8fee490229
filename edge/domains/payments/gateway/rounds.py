"""What is open is asked again and again, until the gateway has said what became of it.

A box behind a router hears no callback, and any callback may be lost: nothing rests on one. The times between two questions
are this process's own; a new process asks about everything that the log knows to be open at once.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from edge.domains.payments.gateway.client import Gateway
from edge.domains.payments.service import Payments
from edge.domains.payments.store import PaymentRow, RepaymentRow
from edge.kernel.clock import TimeKeeper
from sync.kernel.errors import YipiaoError

_logger = logging.getLogger(__name__)
# How long a passenger may take to pay: then the gateway is told to take no money for it any more.
PAY_WITHIN_MS: Final = 4 * 60_000
_LOOK_MS: Final = 2_000
_BEAT_MS: Final = 60_000
_LONGEST_MS: Final = 60_000
# A payment that was closed is looked at again: a gateway may take money all the same.
LOOK_AGAIN_MS: Final = 10 * 60_000
_LATER_MS: Final = 6 * 3_600_000
LOOKED_AFTER_MS: Final = 3 * 86_400_000
_BUSY_S: Final = 1.0
_IDLE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Ask:
    """A question that is put first after ``first_ms``, and again ``again_ms`` after a good answer."""

    number: str
    put: Callable[[], None]
    first_ms: int = 0
    again_ms: int = _LOOK_MS


class Rounds:
    """The questions of a node, one after another, in one thread."""

    def __init__(self, payments: Payments, keeper: TimeKeeper) -> None:
        self._payments, self._keeper = payments, keeper
        self._begun: dict[str, int] = {}
        self._due: dict[str, tuple[int, int]] = {}
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="payments", daemon=True)

    def start(self) -> None:
        """Begin, where there is a gateway."""
        if self._payments.gateway is not None:
            self._thread.start()

    def soon(self) -> None:
        """Somebody began to pay, or is to get money back: go round at once."""
        self._wake.set()

    def stop(self) -> None:
        """End after the question under way."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def turn(self) -> bool:
        """Ask everything that is due; whether something is still open. Ends early where the gateway is away."""
        gateway = self._payments.gateway
        if gateway is None:
            return False
        now = self._keeper.clock.mono_ms()
        payments, repayments = self._payments.unsettled()
        ended = self._payments.ended_since(self._keeper.wall_ms() - LOOKED_AFTER_MS)
        asks = [
            *(_Ask(row.refund_no, partial(self._repay, gateway, row)) for row in repayments),
            *(_Ask(row.order_no, partial(self._look, gateway, row, now)) for row in payments),
            *(_Ask(row.order_no, partial(self._look_again, gateway, row), LOOK_AGAIN_MS, _LATER_MS) for row in ended),
            _Ask("", partial(self._beat, gateway, now)),
        ]
        known = {ask.number for ask in asks}
        self._due = {number: due for number, due in self._due.items() if number in known}
        self._begun = {number: begun for number, begun in self._begun.items() if number in known}
        for ask in asks:
            if not self._put(ask, now) and gateway.reached_ms is None:
                break
        return bool(payments or repayments)

    def _put(self, ask: _Ask, now: int) -> bool:
        """One question if it is due; False when nothing came of it, and it will be put again, later and later."""
        tries, due = self._due.setdefault(ask.number, (0, now + ask.first_ms))
        if due > now:
            return True
        self._due[ask.number] = (tries + 1, now + min(_LOOK_MS << min(tries, 5), _LONGEST_MS))
        try:
            ask.put()
        except (YipiaoError, sqlite3.Error) as error:
            _logger.info("payment %s: %s", ask.number, error)
            return False
        except Exception:
            # Whatever it was: money of others may be waiting, so the round goes on.
            _logger.exception("payment %s", ask.number)
            return False
        self._due[ask.number] = (0, now + ask.again_ms)
        return True

    def _look(self, gateway: Gateway, row: PaymentRow, now: int) -> None:
        begun = self._begun.setdefault(row.order_no, now)
        over = now - begun >= PAY_WITHIN_MS or not self._payments.wanted(row)
        self._payments.settle(gateway.close(row.order_no) if over else gateway.query(row.order_no))

    def _look_again(self, gateway: Gateway, row: PaymentRow) -> None:
        self._payments.settle(gateway.query(row.order_no))

    def _repay(self, gateway: Gateway, row: RepaymentRow) -> None:
        found = gateway.refund(row.order_no, row.refund_no, row.amount_minor)
        if found.done:
            self._payments.returned(row.refund_no, found.gateway_no)

    def _beat(self, gateway: Gateway, now: int) -> None:
        """Find out whether the gateway is there, where nothing else has asked it lately."""
        if gateway.reached_ms is None or now - gateway.reached_ms >= _BEAT_MS:
            gateway.ping()

    def _run(self) -> None:
        while not self._stop.is_set():
            busy = True
            try:
                busy = self.turn()
            except sqlite3.Error as error:
                _logger.warning("payments: %s", error)
            self._wake.wait(_BUSY_S if busy else _IDLE_S)
            self._wake.clear()
