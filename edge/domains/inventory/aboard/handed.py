"""What goes to another box with a trip, and what stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.domains.inventory.store import GrantRow
from sync.domains.duties.operations import GrantPart
from sync.domains.inventory.rules import LAP


@dataclass(frozen=True)
class Staying:
    """Seats and places that do not go along with a trip: ``held``, for which somebody is paying here; ``left``, which passengers
    of other sellers left and this box took over."""

    held: tuple[int, ...]
    left: tuple[int, ...]


def staying(held: Iterable[int], taken_over: Iterable[GrantRow], open_here: Mapping[int, int]) -> Staying:
    """Of the seats that are ``held``, and of those ``taken_over`` what is still open."""
    left = {seat for row in taken_over for seat, mask in row.seats.items() if mask & open_here.get(seat, 0)}
    return Staying(tuple(sorted(seat for seat in held if seat != LAP)), tuple(sorted(left)))


def parts_of(
    grants: Iterable[GrantRow], seats: Mapping[int, int], places: Mapping[int, int], now_ms: int
) -> tuple[tuple[GrantPart, ...], int]:
    """What is open of each grant that is still in time, and until when all of it may be sold (ms); 0 for nothing."""
    parts, until, left = [], 0, dict(places)
    for grant in grants:
        if grant.sell_until_ms <= now_ms:
            continue
        chosen = tuple(
            (seat, mask & seats[seat]) for seat, mask in sorted(grant.seats.items()) if mask & seats.get(seat, 0)
        )
        counts = [(leg, min(count, left.get(leg, 0))) for leg, count in sorted(grant.places.items())]
        some = tuple(one for one in counts if one[1] > 0)
        left |= {leg: left[leg] - count for leg, count in some}
        if chosen or some:
            parts.append((grant.grant_id, chosen, some))
            until = min(until or grant.sell_until_ms, grant.sell_until_ms)
    return tuple(parts), until
