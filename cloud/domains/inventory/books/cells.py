"""Arithmetic on cells. Reserved seating: seat → leg mask. Free seating: leg → places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, reduce
from operator import or_
from typing import Final

import cbor2

from sync.domains.inventory.rules import legs_mask

Cells = dict[int, int]
# A few kilobytes each: the grants of trips that sell at the moment are read again with every box that says what it sold.
_KEPT: Final = 512


def encode(cells: Mapping[int, int]) -> bytes:
    """A flat CBOR list [key, value, key, value, …] by key; empty cells are left out. The same cells, the same bytes."""
    return cbor2.dumps([number for pair in sorted(cells.items()) if pair[1] for number in pair])


def decode(data: bytes) -> Cells:
    """The cells again. Only for what :func:`encode` wrote: nothing is checked, as it is read very often."""
    return _decoded(data).copy()


@lru_cache(_KEPT)
def _decoded(data: bytes) -> Cells:
    flat = cbor2.loads(data)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def add(cells: Cells, more: Mapping[int, int], reserved: bool) -> None:
    """Put ``more`` into ``cells``."""
    if not cells:
        cells.update(more)
        return
    for key, value in more.items():
        cells[key] = cells.get(key, 0) | value if reserved else cells.get(key, 0) + value


def minus(cells: Mapping[int, int], less: Mapping[int, int], reserved: bool) -> Cells:
    """What is in ``cells`` and not in ``less``; nothing below zero."""
    if not less:
        return {key: value for key, value in cells.items() if value}
    if reserved:
        left = {key: value & ~less.get(key, 0) for key, value in cells.items()}
    else:
        left = {key: max(value - less.get(key, 0), 0) for key, value in cells.items()}
    return {key: value for key, value in left.items() if value}


def covers(cells: Mapping[int, int], wanted: Mapping[int, int], reserved: bool) -> bool:
    """Whether all of ``wanted`` is in ``cells``."""
    if reserved:
        return all(cells.get(key, 0) & value == value for key, value in wanted.items())
    return all(cells.get(key, 0) >= value for key, value in wanted.items())


def whole(reserved: bool, capacity: int, legs: int) -> Cells:
    """All cells of an empty vehicle."""
    if reserved:
        return dict.fromkeys(range(1, capacity + 1), legs_mask(0, legs))
    return dict.fromkeys(range(legs), capacity)


def ride(seat: int, from_idx: int, to_idx: int) -> Cells:
    """The cells that one ticket takes; ``seat`` 0 is free seating."""
    return {seat: legs_mask(from_idx, to_idx)} if seat else dict.fromkeys(range(from_idx, to_idx), 1)


def size(cells: Mapping[int, int], reserved: bool) -> int:
    """Number of (seat or place, leg) pairs."""
    return sum(value.bit_count() for value in cells.values()) if reserved else sum(cells.values())


def places_on(cells: Mapping[int, int], leg: int, reserved: bool) -> int:
    """Seats or places on one leg."""
    if reserved:
        return sum(mask >> leg & 1 for mask in cells.values())
    return cells.get(leg, 0)


def first_leg(many: Iterable[Mapping[int, int]], reserved: bool) -> int | None:
    """The first leg that stands in any of ``many``; None when all are empty."""
    if reserved:
        all_legs = reduce(or_, [mask for cells in many for mask in cells.values()], 0)
        return (all_legs & -all_legs).bit_length() - 1 if all_legs else None
    return min((leg for cells in many for leg, places in cells.items() if places), default=None)


def block(free: Mapping[int, int], from_idx: int, legs: int, count: int, reserved: bool) -> Cells:
    """Up to ``count`` seats or places out of ``free`` for rides from stop ``from_idx`` to anywhere behind it.

    Seats on which all of the way is free come first, and among them those of which least is left on other legs, so
    that what earlier rides cut up is used before a seat that is whole.
    """
    if not reserved:
        return _places(free, from_idx, legs, count)
    wanted = legs_mask(from_idx, legs)
    usable = [(seat, mask & wanted) for seat, mask in free.items() if mask >> from_idx & 1]
    usable.sort(key=lambda item: (-item[1].bit_count(), (free[item[0]] & ~wanted).bit_count(), item[0]))
    return dict(sorted(usable[: max(count, 0)]))


def exact(free: Mapping[int, int], from_idx: int, to_idx: int, count: int, reserved: bool) -> Cells:
    """Up to ``count`` seats or places for exactly this ride."""
    if not reserved:
        places = min([count, *(free.get(leg, 0) for leg in range(from_idx, to_idx))])
        return dict.fromkeys(range(from_idx, to_idx), places) if places > 0 else {}
    wanted = legs_mask(from_idx, to_idx)
    fitting = [seat for seat, mask in free.items() if mask & wanted == wanted]
    fitting.sort(key=lambda seat: ((free[seat] & ~wanted).bit_count(), seat))
    return dict.fromkeys(sorted(fitting[: max(count, 0)]), wanted)


def _places(free: Mapping[int, int], from_idx: int, legs: int, count: int) -> Cells:
    found: Cells = {}
    for leg in range(from_idx, legs):
        places = min(count, free.get(leg, 0))
        if places <= 0:
            break
        found[leg] = places
    return found
