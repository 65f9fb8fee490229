"""Writing lines into the register: a version for whatever is new or other than before, nothing for what is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.register.importing.columns import DRIVER, FROM, OPERATOR
from cloud.domains.register.importing.read import Faults, Line
from cloud.domains.register.importing.subjects import Body, Check, body_of, keys_of, label_of, search_of
from cloud.domains.register.tables import register_key, register_subject, register_version
from cloud.kernel import clerks, nodes
from cloud.kernel.database import chunks, insert_rows, upsert_rows
from sync.kernel.errors import Refusal

_KEYS: Final = sa.select(register_key.c.key, register_key.c.number).where(
    register_key.c.key.in_(sa.bindparam("keys", expanding=True))
)
_VERSIONS: Final = (
    sa.select(register_version.c.number, register_version.c.from_day, register_version.c.body)
    .where(register_version.c.number.in_(sa.bindparam("numbers", expanding=True)))
    .order_by(register_version.c.from_day, register_version.c.version_no)
)
_SUBJECT: Final = ("number", "kind", "operator_no", "label", "search", "version_no", "gone_ms")
_VERSION: Final = ("version_no", "number", "from_day", "body", "made_ms", "by", "source")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, when (ms and service day), and how numbers of documents are hidden."""

    name: str
    now_ms: int
    today: int
    check: Check


@dataclass
class Written:
    """What came of a file. ``numbers``: subjects whose facts may be others now; ``moved``: number → operator that had
    it before."""

    kind: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    numbers: list[int] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    line: int
    from_day: int
    body: Body
    keys: list[str]


def write_lines(
    tx: Connection, kind: str, lines: Sequence[Line], faults: Faults, author: Author, source: str
) -> Written:
    """Put all lines of a file into the register. Raises :class:`FileRejected` through ``faults`` before anything is
    written."""
    operators = _numbers_of(tx, [f"uscc:{line.values['operator_uscc']}" for line in lines if kind != OPERATOR])
    items = [item for line in lines if (item := _item(kind, line, operators, faults, author)) is not None]
    known = _numbers_of(tx, [key for item in items for key in item.keys])
    _refuse_doubles(items, known, faults)
    writer = _Writer(tx, kind, author, source, items, known)
    for item in items:
        if writer.is_another(item):
            faults.add(Refusal("register_taken", status=422), item.line)
    for item, clerk_no in _unknown_clerks(tx, items):
        faults.add(Refusal("clerk_unknown", status=422, clerk=clerk_no), item.line, "clerk_no", str(clerk_no))
    faults.raise_if_any()
    return writer.write()


def write_one(
    tx: Connection, kind: str, number: int, body: Body, from_day: int, author: Author, source: str
) -> Written:
    """Put corrected facts of one subject into the register. Raises :class:`Refusal`: ``register_taken`` where another
    subject has one of its keys, ``clerk_unknown``."""
    keys = keys_of(kind, body)
    if any(other != number for other in _numbers_of(tx, keys).values()):
        raise Refusal("register_taken")
    items = [_Item(0, from_day, body, keys)]
    for _, clerk_no in _unknown_clerks(tx, items):
        raise Refusal("clerk_unknown", status=422, field="clerk_no", clerk=clerk_no)
    return _Writer(tx, kind, author, source, items, dict.fromkeys(keys, number)).write()


def check_day(from_day: int, author: Author) -> None:
    """Facts hold from a day that has come. Raises :class:`Refusal` ``register_future``."""
    if from_day > author.today:
        raise Refusal("register_future", status=422, field=FROM)


def _item(kind: str, line: Line, operators: Mapping[str, int], faults: Faults, author: Author) -> _Item | None:
    values = line.values
    operator_no = operators.get(f"uscc:{values.get('operator_uscc')}")
    from_day = values.get(FROM, author.today)
    try:
        check_day(from_day, author)
        if kind != OPERATOR and operator_no is None:
            raise Refusal("register_operator", status=422, field="operator_uscc")
        body = body_of(kind, values, operator_no, author.check, author.today)
    except Refusal as refusal:
        shown = values.get(refusal.field or "", "") if refusal.field != "document_number" else "***"
        faults.add(refusal, line.number, refusal.field or "", str(shown))
        return None
    return _Item(line.number, from_day, body, keys_of(kind, body))


def _refuse_doubles(items: Sequence[_Item], known: Mapping[str, int], faults: Faults) -> None:
    lines: dict[str, int] = {}
    for item in items:
        for key in item.keys:
            if lines.setdefault(key, item.line) != item.line:
                faults.add(Refusal("register_twice", status=422, other=lines[key]), item.line)
                break
        if len({known[key] for key in item.keys if key in known}) > 1:
            faults.add(Refusal("register_taken", status=422), item.line)


def _unknown_clerks(tx: Connection, items: Sequence[_Item]) -> list[tuple[_Item, int]]:
    """Drivers with a number that was given to nobody. Who left keeps the number that he or she drove with."""
    told = [(item, item.body["clerk_no"]) for item in items if item.body.get("clerk_no")]
    known = {one.clerk_no for one in clerks.every(tx)} if told else set()
    return [(item, clerk_no) for item, clerk_no in told if clerk_no not in known]


def _numbers_of(tx: Connection, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(sorted(set(keys))):
        found |= {row.key: row.number for row in tx.execute(_KEYS, {"keys": some})}
    return found


class _Writer:
    """One file, or one correction."""

    def __init__(
        self, tx: Connection, kind: str, author: Author, source: str, items: Sequence[_Item], known: Mapping[str, int]
    ) -> None:
        self._tx, self._kind, self._author, self._source = tx, kind, author, source
        self._items, self._done = items, Written(kind)
        self._numbers = {item.line: next((known[key] for key in item.keys if key in known), 0) for item in items}
        self._history = _history(tx, sorted(set(self._numbers.values()) - {0}))
        self._next_number = nodes.following(tx, register_subject.c.number)
        self._next_version = nodes.following(tx, register_version.c.version_no)

    def is_another(self, item: _Item) -> bool:
        """Whether a vehicle has the plate of one with another identification number, or a driver the number of somebody with
        another document."""
        told = self._history.get(self._numbers[item.line], [])
        mark = "document_check" if self._kind == DRIVER else "vin"
        return bool(told) and mark in item.body and told[-1][1].get(mark, item.body[mark]) != item.body[mark]

    def write(self) -> Written:
        """Versions, subjects and keys of all that is new or other than before."""
        subjects: list[tuple[Any, ...]] = []
        versions: list[dict[str, Any]] = []
        keys: dict[int, list[str]] = {}
        for item in self._items:
            told = self._history.get(self._numbers[item.line], [])
            held = [body for day, body in told if day <= item.from_day]
            if held and held[-1] == item.body:
                self._done.unchanged += 1
                continue
            number = self._number(item)
            if told and told[-1][1].get("operator_no") != item.body.get("operator_no"):
                self._done.moved[number] = told[-1][1]["operator_no"]
            versions.append(self._version(number, item))
            if not any(item.from_day < day <= self._author.today for day, _ in told):
                subjects.append(self._subject(number, item))
                keys[number] = item.keys
        _keep_keys(self._tx, keys)
        upsert_rows(self._tx, register_subject, ("number",), _SUBJECT, subjects)
        for some in chunks(versions):
            self._tx.execute(sa.insert(register_version), some)
        return self._done

    def _number(self, item: _Item) -> int:
        number = self._numbers[item.line]
        if number:
            self._done.changed += 1
        else:
            number, self._next_number = self._next_number, self._next_number + 1
            self._done.added += 1
        self._done.numbers.append(number)
        return number

    def _version(self, number: int, item: _Item) -> dict[str, Any]:
        version_no, self._next_version = self._next_version, self._next_version + 1
        source = f"{self._source}:{item.line}" if item.line else self._source
        values = (version_no, number, item.from_day, item.body, self._author.now_ms, self._author.name, source)
        return dict(zip(_VERSION, values, strict=True))

    def _subject(self, number: int, item: _Item) -> tuple[Any, ...]:
        label, search = label_of(self._kind, item.body), search_of(self._kind, item.body)
        operator_no = number if self._kind == OPERATOR else item.body["operator_no"]
        return number, self._kind, operator_no, label, search, self._next_version - 1, None


def _history(tx: Connection, numbers: Sequence[int]) -> dict[int, list[tuple[int, Body]]]:
    """Number → (from which day, facts) in that order."""
    found: dict[int, list[tuple[int, Body]]] = {}
    for some in chunks(numbers):
        for number, from_day, body in tx.execute(_VERSIONS, {"numbers": some}):
            found.setdefault(number, []).append((from_day, body))
    return found


def _keep_keys(tx: Connection, keys: Mapping[int, Sequence[str]]) -> None:
    """From now on the subjects have these keys and no others."""
    for some in chunks(keys):
        tx.execute(sa.delete(register_key).where(register_key.c.number.in_(some)))
    rows = [(key, number) for number, mine in keys.items() for key in mine]
    insert_rows(tx, register_key, ("key", "number"), rows)
