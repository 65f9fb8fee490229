"""What all sets of rules share: a name, a source and a first day; the newest that has begun holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from sync.kernel.errors import Refusal

MOST_NAME = 40


class RuleSet(Protocol):
    """Rules as the hub publishes them; ``from_day`` is a day number of :mod:`sync.kernel.days`."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def from_day(self) -> int: ...


class Begins(Protocol):
    """Anything with a first day."""

    @property
    def from_day(self) -> int: ...


S = TypeVar("S", bound=Begins)


def newest(published: Iterable[S], day: int, default: S) -> S:
    """The set of ``published`` that began last of those that hold on ``day``; ``default`` before the first."""
    return max((one for one in published if one.from_day <= day), key=lambda one: one.from_day, default=default)


def refuse_odd(code: str, given: RuleSet, more: Iterable[tuple[str, bool]]) -> None:
    """Refuse (``code``) a set that makes no sense, naming its first odd field. ``more``: fields of its own, and whether each
    is wrong."""
    fields = (
        ("name", not 1 <= len(given.name) <= MOST_NAME or "/" in given.name),
        ("source", not given.source.strip()),
        ("from_day", given.from_day < 0),
        *more,
    )
    odd = next((name for name, wrong in fields if wrong), None)
    if odd is not None:
        raise Refusal(code, status=422, field=odd, what=odd)
