"""A fake gate: opens once for a verdict, in time or not at all.

The opening is written down before the gate moves. A gate that loses power between the two stays shut although
its book says open: the passenger is let through by hand. The other order would open twice for one ticket.
"""

from __future__ import annotations

import time

from firmware_bridges.gate.ledger import keep_opening, keep_result, result_of
from firmware_bridges.kernel.bridge import Bridge
from firmware_bridges.kernel.say import say
from sync.kernel.devices import MAX_LIFE_MS, Ack, Open, Result, age_ms, decode
from sync.kernel.errors import Malformed


class Gate(Bridge):
    """Obeys ``cmd/open``, reports ``evt/opened`` until the node has it."""

    family = "gate"
    speaks = "evt/opened cmd/open cmd/received"

    def on_command(self, kind: str, payload: bytes) -> None:
        """Open, refuse, or repeat what was answered before."""
        if kind != "open":
            raise Malformed("device_message", "command")
        order = decode(Open, payload)
        result = result_of(self.store.db, order.cmd_id)
        if result is None:
            late_ms = age_ms(order.expires_at, self.store.boot, self.up_ms())
            if late_ms is None:
                # Meant for an earlier process. If the node still wants it, it sends it in this one's time.
                raise Malformed("device_message", "other_boot")
            if late_ms < -MAX_LIFE_MS:
                raise Malformed("device_message", "too_far")
            result = self._refuse(order, late_ms) if late_ms > 0 else self._open(order)
        self.session.publish("ack", Ack(order.cmd_id, result))

    def _refuse(self, order: Open, late_ms: int) -> Result:
        with self.store.write() as db:
            keep_result(db, order.cmd_id, "expired")
        say("expired", cmd_id=order.cmd_id, verdict_id=order.verdict_id, late_ms=late_ms)
        return "expired"

    def _open(self, order: Open) -> Result:
        with self.store.write() as db:
            keep_result(db, order.cmd_id, "opened")
            first = keep_opening(db, order, int(time.time() * 1000))
            if first:
                body = {"cmd_id": order.cmd_id, "verdict_id": order.verdict_id}
                bseq, seq = self.record("opened", order.trace_id, body)
        if first:
            # Here a real gate pulls its relay.
            say("opened", bseq=bseq, seq=seq, cmd_id=order.cmd_id, verdict_id=order.verdict_id)
        return "opened"
