"""Hypothesis draws any record from the types of its fields."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from hypothesis import strategies as st

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, (1 << 63) - 1) | st.integers(0, 40),
    str: _TEXT,
    bytes: st.binary(max_size=12),
    bool: st.booleans(),
}


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Instances of a dataclass or a named tuple, or values of a field's type."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, *[of(hints[field.name]) for field in dataclasses.fields(kind)])
    if hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, *[of(hints[name]) for name in kind._fields])
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*[st.none() if item is type(None) else of(item) for item in arguments])
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return st.lists(of(arguments[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*[of(item) for item in arguments])
    if origin is dict:
        return st.dictionaries(of(arguments[0]), of(arguments[1]), max_size=3)
    raise TypeError(f"no strategy for {kind!r}")
