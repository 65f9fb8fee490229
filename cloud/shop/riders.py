"""Who rides: read out of the form of a ride, and the seat of each."""

from __future__ import annotations

from typing import Final

from werkzeug.datastructures import MultiDict

from sync.domains.ticketing.office.fares import CHILD_FREE
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

MOST_PLACES: Final = 9
# A child on a lap, which has no seat.
FREE: Final = RIDERS[CHILD_FREE]


def places_of(form: MultiDict[str, str]) -> list[tuple[str, int | None]]:
    """Rider and seat (None: any, or a lap) of each place that a form asks for: ``count_RIDER`` of each kind, or one ``rider``.

    Raises :class:`Refusal`: ``shop_riders_none``, ``booking_size``, ``party_seats_many`` (which of them is meant, only the
    passenger can say).
    """
    riders = [rider for rider in RIDERS for _ in range(_count(form.get(f"count_{rider}", "0")))]
    if form.get("rider") in RIDERS:
        riders = [form["rider"]]
    if not riders:
        raise Refusal("shop_riders_none", status=422, field="rider")
    if len(riders) > MOST_PLACES:
        raise Refusal("booking_size", status=422, field="rider", most=MOST_PLACES)
    seats = [int(text) for text in form.getlist("seat") if text.isascii() and text.isdigit() and len(text) < 6]
    seated = sum(rider != FREE for rider in riders)
    if len(seats) > seated:
        raise Refusal("party_seats_many", status=422, field="seat", wanted=seated, chosen=len(seats))
    return [(rider, seats.pop(0) if seats and rider != FREE else None) for rider in riders]


def _count(text: str) -> int:
    """Raises :class:`Refusal` ``booking_size`` for what is no number of people."""
    if not (text.isascii() and text.isdigit() and len(text) < 3):
        raise Refusal("booking_size", status=422, field="rider", most=MOST_PLACES)
    return int(text)
