"""Tickets that took the place of others. The event comes before the refund of the old one, which needs it, and the sale of
the new one, so a refund without fee that claims to be half of an exchange is seen at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import MAX_PRICE_MINOR, MAX_SERIAL, OK, QUARANTINED
from cloud.domains.ticketing.tables import replacement
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import PASSENGER, REBOOKED, REISSUED, TicketRebooked, TicketReissued
from sync.kernel.ticket import TicketId

_COLUMNS = (
    "pos", "old_id", "new_id", "node_no", "kind", "old_minor", "fee_minor", "reason", "rule", "times", "clerk_no", "made_hlc",
    "state",
)  # fmt: skip
Exchange = TicketRebooked | TicketReissued
_IDS: Final[sa.BindParameter[bytes]] = sa.bindparam("ids", expanding=True)
_KNOWN = sa.select(
    replacement.c.old_id, replacement.c.new_id, replacement.c.kind, replacement.c.fee_minor, replacement.c.times
).where(sa.or_(replacement.c.old_id.in_(_IDS), replacement.c.new_id.in_(_IDS)), replacement.c.state == OK)


class Replacements:
    """Those of one batch, and what its events need of earlier ones."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._old: dict[bytes, tuple[int, int]] = {}
        self._times: dict[bytes, int] = {}
        self._rows: list[tuple[object, ...]] = []

    def load(self, ids: Iterable[bytes]) -> None:
        """Read what is known of these tickets."""
        for some in chunks(list(ids)):
            for old_id, new_id, kind, fee_minor, times in self._tx.execute(_KNOWN, {"ids": some}):
                self._keep(bytes(old_id), bytes(new_id), kind, fee_minor, times)

    def take(self, received: Received, event: Exchange, old_minor: int | None, new_sold: bool) -> None:
        """Count one in. ``old_minor``: what the old ticket cost, None if it is no good one of this log; ``new_sold``: whether
        the new number is used already. Raises :class:`Quarantine`: ``replace_unknown_ticket``, ``replace_twice``,
        ``replace_serial``, ``rebook_times``."""
        new_id = TicketId(*received.log, min(event.serial, MAX_SERIAL)).to_bytes()
        before = self._times.get(event.ticket_id, 0)
        wrong = self._wrong(event, old_minor is not None, new_sold or new_id in self._times, before)
        kind, fee_minor, times, about = _about(event, before)
        hlc, price = received.envelope.stamp.hlc if received.envelope else 0, min(old_minor or 0, MAX_PRICE_MINOR)
        self._rows.append(
            (
                received.pos, event.ticket_id, new_id, received.node_no, kind, price, fee_minor, *about, times,
                event.clerk_no, hlc, QUARANTINED if wrong else OK,
            )
        )  # fmt: skip
        if wrong is not None:
            raise wrong
        self._keep(event.ticket_id, new_id, kind, fee_minor, times)

    def covers(self, ticket_id: bytes, reason: int, fee_minor: int) -> bool:
        """Whether a refund for this ``reason`` is half of an exchange that was said, with this fee."""
        return self._old.get(ticket_id) == (reason, fee_minor)

    def flush(self) -> None:
        """Write the outcome."""
        insert_rows(self._tx, replacement, _COLUMNS, self._rows)

    def _keep(self, old_id: bytes, new_id: bytes, kind: int, fee_minor: int, times: int) -> None:
        self._old[old_id] = (kind, fee_minor)
        self._times[new_id] = times

    def _wrong(self, event: Exchange, sold: bool, new_used: bool, before: int) -> Quarantine | None:
        if not sold:
            return Quarantine("replace_unknown_ticket", event.ticket_id.hex())
        if event.ticket_id in self._old:
            return Quarantine("replace_twice", TicketId.from_bytes(event.ticket_id).number)
        if new_used or not 1 <= event.serial <= MAX_SERIAL:
            return Quarantine("replace_serial", str(event.serial))
        if isinstance(event, TicketRebooked) and event.times != before + (event.reason == PASSENGER):
            return Quarantine("rebook_times", f"{event.times} after {before}")
        return None


def _about(event: Exchange, before: int) -> tuple[int, int, int, tuple[int, str]]:
    """(kind, fee_minor, times, (reason, rule)) of an exchange; ``reason`` of a reissue: its cause."""
    if isinstance(event, TicketRebooked):
        return REBOOKED, event.fee_minor, event.times, (event.reason, event.rule)
    return REISSUED, 0, before, (event.cause, "")
