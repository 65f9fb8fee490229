"""From a frozen dataclass to a plain array and back, checked field by field.

Events and operation bodies are arrays of their fields in order. New fields go to the end and have a default: an old
reader takes the fields that it knows, a new reader fills what an old writer did not send (see docs/concepts).
Allowed field types: int, str, bytes, bool, ``X | None``, ``tuple[X, ...]`` and ``tuple[A, B, …]``, ``dict[str, X]``.
"""

from __future__ import annotations

import dataclasses
import itertools
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sync.kernel import columns
from sync.kernel.errors import Malformed

T = TypeVar("T")
Check = Callable[[Any], Any]
Checks = tuple[tuple[tuple[str, Check], ...], int]
# What a dataclass's fields are never changes, so it is worked out once a class.
_NAMES: dict[type[Any], tuple[str, ...]] = {}
_CHECKS: dict[type[Any], Checks] = {}
_PLAIN: dict[type[Any], tuple[type[Any], ...] | None] = {}
_TWINS: dict[type[Any], type[Any]] = {}
_DEFAULTS: dict[type[Any], tuple[Any, ...]] = {}


def to_body(record: Any) -> list[Any]:
    """Values of ``record``'s fields in order, tuples as lists."""
    return [_plain(getattr(record, name)) for name in _names(type(record))]


def short_body(record: Any) -> list[Any]:
    """As :func:`to_body`, without the last fields as far as these have their defaults: so a field that is seldom used
    costs nothing where it is not, and old software writes the same."""
    body, defaults = to_body(record), _defaults(type(record))
    least = len(body) - len(defaults)
    while len(body) > least and body[-1] == defaults[len(body) - least - 1]:
        body.pop()
    return body


def from_body(kind: type[T], body: Any) -> T:
    """A ``kind`` from an array. Raises :class:`Malformed` (``record_shape``) naming the field that does not fit."""
    if type(body) is not list:
        raise Malformed("record_shape", kind.__name__)
    checks, required = _checks(kind)
    if len(body) < required:
        raise Malformed("record_shape", f"{kind.__name__}: {len(body)} of {required} fields")
    values = []
    for value, (name, check) in zip(body, checks, strict=False):
        try:
            values.append(check(value))
        except (TypeError, ValueError):
            raise Malformed("record_shape", f"{kind.__name__}.{name}") from None
    return kind(*values)


def plain_types(kind: type[Any]) -> tuple[type[Any], ...] | None:
    """Types of a ``kind``'s fields when all are plain ones: a body with exactly these *is* one. None for other kinds."""
    if kind not in _PLAIN:
        hints = typing.get_type_hints(kind)
        found = tuple(hints[name] for name in _names(kind))
        _PLAIN[kind] = found if all(hint in (int, str, bytes, bool) for hint in found) else None
    return _PLAIN[kind]


def many(kind: type[T], bodies: Sequence[list[Any]]) -> tuple[list[T], int] | None:
    """A ``kind`` of each of ``bodies``, and how many bytes of canonical CBOR they all are; None when not all its fields are
    plain ones within the bounds of :mod:`sync.kernel.columns`. The bodies are of one length; what is missing has its default.

    Looked at column by column, and made without ``__setattr__``: a fraction of the price of one after the other.
    """
    types, defaults, length = plain_types(kind), _defaults(kind), len(bodies[0])
    if types is None or not len(types) - len(defaults) <= length <= min(len(types), columns.LONGEST):
        return None
    total = len(bodies)
    for column, wanted in zip(zip(*bodies, strict=True), types, strict=False):
        size = columns.size(column, wanted)
        if size is None:
            return None
        total += size
    rest = defaults[len(defaults) - (len(types) - length) :]
    twin = _twin(kind)
    made = list(itertools.starmap(twin, bodies)) if not rest else [twin(*body, *rest) for body in bodies]
    for record in made:
        record.__class__ = kind
    return made, total


def _twin(kind: type[Any]) -> type[Any]:
    """A class of the same layout that can still be written to: a frozen one sets each of its fields at five times the price."""
    if kind not in _TWINS:
        names = _names(kind)
        _TWINS[kind] = dataclasses.make_dataclass(kind.__name__, names, bases=kind.__bases__, slots=True, eq=False)
    return _TWINS[kind]


def _defaults(kind: type[Any]) -> tuple[Any, ...]:
    """Defaults of the last fields of ``kind``, as they stand in a body."""
    if kind not in _DEFAULTS:
        fields = dataclasses.fields(kind)[_checks(kind)[1] :]
        _DEFAULTS[kind] = tuple(_plain(field.default) for field in fields)
    return _DEFAULTS[kind]


def _names(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _NAMES[kind]


def _checks(kind: type[Any]) -> Checks:
    if kind not in _CHECKS:
        _CHECKS[kind] = _make_checks(kind)
    return _CHECKS[kind]


def _make_checks(kind: type[Any]) -> Checks:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = sum(
        field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING for field in fields
    )
    return tuple((field.name, _check_for(hints[field.name])) for field in fields), required


def _check_for(hint: Any) -> Check:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (int, str, bytes, bool):
        return _exact(hint)
    if origin in (types.UnionType, typing.Union) and len(arguments) == 2 and type(None) in arguments:
        inner = _check_for(next(item for item in arguments if item is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _many(_check_for(arguments[0]))
    if origin is tuple:
        return _fixed([_check_for(item) for item in arguments])
    if origin is dict and arguments[0] is str:
        return _mapping(_check_for(arguments[1]))
    raise TypeError(f"a record can't have a field of type {hint!r}")


def _exact(kind: type[Any]) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return check


def _many(inner: Check) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not list:
            raise TypeError
        return tuple([inner(item) for item in value])

    return check


def _fixed(inner: list[Check]) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not list or len(value) != len(inner):
            raise TypeError
        return tuple([test(item) for test, item in zip(inner, value, strict=True)])

    return check


def _mapping(inner: Check) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not dict or not all(type(key) is str for key in value):
            raise TypeError
        return {key: inner(item) for key, item in value.items()}

    return check


def _plain(value: Any) -> Any:
    if type(value) is tuple:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return value
