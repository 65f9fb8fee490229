"""Values that an event may carry and a database can't: looked at once, before anything is stored in a column.

The log keeps the bytes as they came; what does not fit is quarantined, so that no node can stop the hub with a number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final

from sync.kernel.columns import LIMIT
from sync.kernel.events import Envelope

Getter = Callable[[Any], tuple[Any, ...]]

_SMALL: Final = 1 << 31
_NAMES: Final = ("int", "str", "tuple[str, ...]")


def check(envelope: Envelope) -> tuple[str, str] | None:
    """(code, detail) of what is wrong, or None: ``event_shape``, ``event_range``, ``event_text``."""
    stamp = envelope.stamp
    if envelope.type >= _SMALL or envelope.version >= _SMALL or max(stamp.hlc, stamp.mono_ms, stamp.hub_ms) >= LIMIT:
        return "event_shape", "a number of the envelope is too large"
    event = envelope.event
    if event is None:
        return None
    numbers, texts, lists = _getters_of(type(event))
    found = numbers(event)
    if found and not (min(found) >= 0 and max(found) < LIMIT):
        return "event_range", type(event).__name__
    for value in texts(event):
        if "\x00" in value:
            return "event_text", type(event).__name__
    if any("\x00" in text for value in lists(event) for text in value):
        return "event_text", type(event).__name__
    return None


def _getters_of(kind: Any) -> tuple[Getter, Getter, Getter]:
    return _getters(kind)


@cache
def _getters(kind: Any) -> tuple[Getter, Getter, Getter]:
    fields: dict[str, list[str]] = {name: [] for name in _NAMES}
    for field in dataclasses.fields(kind):
        if str(field.type) in fields:
            fields[str(field.type)].append(field.name)
    numbers, texts, lists = (_getter(fields[name]) for name in _NAMES)
    return numbers, texts, lists


def _none(_event: Any) -> tuple[Any, ...]:
    return ()


def _getter(names: list[str]) -> Getter:
    if not names:
        return _none
    if len(names) == 1:
        return lambda event: (getattr(event, names[0]),)
    return attrgetter(*names)
