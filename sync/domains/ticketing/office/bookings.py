"""What belongs to one booking: riders, the legs that they all ride, extras; and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sync.domains.ticketing.office.fares import check_children
from sync.domains.timetable.rules import MAX_CHANGES
from sync.kernel.errors import Refusal

MOST_RIDERS: Final = 20
MOST_LEGS: Final = MAX_CHANGES + 1
MOST_TICKETS: Final = MOST_RIDERS * MOST_LEGS


def check_shape(legs: int, riders: Sequence[str]) -> None:
    """Refuse what is no booking: ``booking_riders``, ``booking_legs``, ``child_needs_adult``."""
    if not 1 <= len(riders) <= MOST_RIDERS:
        raise Refusal("booking_riders", status=422, field="rider", most=MOST_RIDERS)
    if not 1 <= legs <= MOST_LEGS:
        raise Refusal("booking_legs", status=422, field="legs", most=MOST_LEGS)
    check_children(riders)
