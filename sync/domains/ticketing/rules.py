"""What a sale is worth and what its ticket says."""

from __future__ import annotations

from sync.domains.ticketing.events import TicketSold
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS, Claims, TicketId

VALID_AFTER_ARRIVAL_S = 6 * 3600


def claims_of(sold: TicketSold, node_no: int, epoch: int) -> Claims:
    """The signed claims of the ticket that ``sold`` records, when node ``node_no`` sold it in log epoch ``epoch``."""
    return Claims(
        ticket_id=TicketId(node_no, epoch, sold.serial),
        trip_no=sold.trip_no,
        day=sold.day,
        from_idx=sold.from_idx,
        to_idx=sold.to_idx,
        seat=sold.seat,
        rider=sold.rider,
        until_s=sold.until_s,
    )


def rider_index(name: str) -> int:
    """Index of a rider category. Raises :class:`Refusal` ``rider_unknown``; concessions need their proof first."""
    if name != RIDERS[0]:
        raise Refusal("rider_unknown", status=422, field="rider", rider=name)
    return 0


def valid_until_s(arrival_ms: int) -> int:
    """Until when a ticket is good: six hours past the planned arrival, so that a late bus refuses nobody."""
    return arrival_ms // 1000 + VALID_AFTER_ARRIVAL_S


def change_minor(price_minor: int, tendered_minor: int) -> int:
    """Change to give back. Raises :class:`Refusal` ``cash_short``."""
    if tendered_minor < price_minor:
        raise Refusal("cash_short", status=422, field="tendered")
    return tendered_minor - price_minor
