"""Reads on SQLite past most of SQLAlchemy: what a statement means is worked out once, not each time that it runs.

SQLAlchemy spends five to ten times as long on a small query as SQLite does: on the statement's key in its cache, on a context, on
what each column is called. Statements that live as long as the module that made them are compiled here at their second use, and
run with the driver's own cursor from then on. What comes out is the same: rows of SQLAlchemy, values after the types'
processors, errors of SQLAlchemy. All else (what is made anew for each call, options, listeners, PostgreSQL, where the way to
the server takes longest) goes as ever.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

_AT_ONCE: Final = 500
# How many lengths of lists a statement's text is kept for.
_TEXTS: Final = 64
Process = Callable[[Any], Any]


class _Place(NamedTuple):
    """What goes into a mark of a statement: ``name`` of the value, and ``at`` in it where that is a list (else -1)."""

    name: str
    at: int
    process: Process | None


class Quick(Connection):
    """A connection to SQLite that runs what it knows by itself."""

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        """As ever."""
        if execution_options is None and (parameters is None or type(parameters) is dict) and self._may():
            plan = _plan_of(statement, self.dialect)
            text = plan and plan.text(parameters or {})
            if plan and text:
                return _rows(self, *text, plan.processors)
        return super().execute(statement, parameters, execution_options=execution_options)

    def exec_driver_sql(self, statement: str, parameters: Any = None, execution_options: Any = None) -> Any:
        """As ever."""
        plain = parameters is None or type(parameters) is tuple
        if execution_options is None and plain and statement.startswith("SELECT ") and self._may():
            return _rows(self, statement, parameters or (), None)
        return super().exec_driver_sql(statement, parameters, execution_options)

    def _may(self) -> bool:
        """In a transaction that was begun, and nobody listens."""
        return self.in_transaction() and not (self._has_events or self.engine._has_events)


def run(tx: Connection, sql: str) -> None:
    """One statement that has neither values nor rows."""
    driver: Any = tx.connection.driver_connection
    try:
        driver.cursor().execute(sql)
    except tx.dialect.loaded_dbapi.Error as error:
        raise _told(tx, sql, (), error) from error


def write_many(tx: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement for each of many rows."""
    driver: Any = tx.connection.driver_connection
    try:
        driver.cursor().executemany(sql, rows)
    except tx.dialect.loaded_dbapi.Error as error:
        raise _told(tx, sql, rows, error) from error


class _Plan:
    """A statement that was compiled. ``processors``: one a column, or None where all values are as the driver gives them."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        self._compiled = statement.compile(dialect=dialect)
        self._fixed = {name: bind.value for name, bind in self._compiled.binds.items() if not bind.required}
        self._lists = tuple(sorted(name for name, bind in self._compiled.binds.items() if bind.expanding))
        self._texts: dict[tuple[int, ...], tuple[str, tuple[_Place, ...]]] = {}
        found = [_processor(column.type, dialect) for column in statement.selected_columns]
        self.processors = found if any(found) else None

    def text(self, given: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]] | None:
        """The statement for these values, and what goes into its marks; None for values that are not for here."""
        values = {**self._fixed, **given} if self._fixed else given
        for name in self._lists:
            if type(values[name]) not in (list, tuple):
                return None
        lengths = tuple([len(values[name]) for name in self._lists])
        known = self._texts.get(lengths)
        if known is None:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            known = self._texts[lengths] = self._expanded(values)
        sql, places = known
        marks = []
        for name, at, process in places:
            value = values[name] if at < 0 else values[name][at]
            marks.append(value if process is None else process(value))
        return sql, tuple(marks)

    def _expanded(self, values: Mapping[str, Any]) -> tuple[str, tuple[_Place, ...]]:
        state = self._compiled.construct_expanded_state(values)
        of = {one: (name, at) for name, many in state.parameter_expansion.items() for at, one in enumerate(many)}
        places = []
        for mark in state.positiontup or ():
            name, at = of.get(mark, (mark, -1))
            binary = isinstance(self._compiled.binds[name].type, sa.LargeBinary)
            places.append(_Place(name, at, None if binary else state.processors.get(mark)))
        return state.statement, tuple(places)


# Statement → what came of it; False when it was seen once.
_plans: weakref.WeakKeyDictionary[Any, _Plan | bool | None] = weakref.WeakKeyDictionary()


def _plan_of(statement: Any, dialect: Dialect) -> _Plan | None:
    if type(statement) is not sa.Select:
        return None
    known = _plans.get(statement)
    if known is None:
        _plans[statement] = False
    elif known is False:
        known = _plans[statement] = _Plan(statement, dialect) if _is_plain(statement, dialect) else True
    return known if isinstance(known, _Plan) else None


def _is_plain(statement: Any, dialect: Dialect) -> bool:
    """Whether its values are all that changes from one use to the next."""
    compiled = statement.compile(dialect=dialect)
    simple = all(
        bind.callable is None and not bind.literal_execute and not isinstance(bind.type, sa.types.TupleType)
        for bind in compiled.binds.values()
    )
    return simple and not statement.get_execution_options()


def _processor(kind: Any, dialect: Dialect) -> Process | None:
    """What makes a value of a column's type from what the driver gives: bytes are bytes already."""
    made = kind.dialect_impl(dialect)
    return None if isinstance(made, sa.LargeBinary) else made.result_processor(dialect, None)


def _rows(tx: Connection, sql: str, values: tuple[Any, ...], processors: list[Process | None] | None) -> Any:
    driver: Any = tx.connection.driver_connection
    cursor = driver.cursor()
    try:
        cursor.execute(sql, values)
        names = _named(tuple([column[0] for column in cursor.description]))
        first = cursor.fetchmany(_AT_ONCE)
    except tx.dialect.loaded_dbapi.Error as error:
        raise _told(tx, sql, values, error) from error
    rows: Iterator[Any] = iter(first)
    if len(first) == _AT_ONCE:
        rows = itertools.chain(first, _rest(tx, sql, values, cursor))
    if processors is not None:
        rows = (
            tuple([one if to is None else to(one) for one, to in zip(row, processors, strict=True)]) for row in rows
        )
    return IteratorResult(names, rows)


def _rest(tx: Connection, sql: str, values: tuple[Any, ...], cursor: Any) -> Iterator[Any]:
    try:
        yield from cursor
    except tx.dialect.loaded_dbapi.Error as error:
        raise _told(tx, sql, values, error) from error


@lru_cache(2_000)
def _named(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)


def _told(tx: Connection, sql: str, values: Any, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy would raise it."""
    return sa.exc.DBAPIError.instance(sql, values, error, tx.dialect.loaded_dbapi.Error, dialect=tx.dialect)
