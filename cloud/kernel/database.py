"""One database, SQLite or PostgreSQL, and the two ways to use it: the one writer, and a consistent reader.

A writer holds the row of ``counter`` from its start to its commit. So writers follow each other, in this process and in
any other on the same database, and positions are given in the order in which they become visible.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from cloud.kernel import quick, tables
from sync.kernel.errors import Fault, Refusal, invariant

# No operation and no event ever has it: a node whose floor stands here holds nothing.
FIRST_POS: Final = 1
_BUSY_MS: Final = 60_000
# More than the exchange has, so that none is prepared twice.
_STATEMENTS: Final = 500
_POS: Final = "yipiao_pos"
_POS_AT_START: Final = "yipiao_pos_at_start"
_READ: Final = "BEGIN"
_WRITE: Final = "BEGIN IMMEDIATE"
_DISK_FULL: Final = "53100"
_MIGRATION_LOCK: Final = 0x59_49_50_49
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK_COUNTER: Final = sa.select(tables.counter.c.pos).where(tables.counter.c.id == 1).with_for_update()
_STORE_COUNTER: Final = sa.update(tables.counter).where(tables.counter.c.id == 1).values(pos=sa.bindparam("last"))


class Database:
    """``url`` as SQLAlchemy writes it: ``sqlite:////folder/hub.sqlite`` or ``postgresql://user:word@host/name``."""

    def __init__(self, url: str) -> None:
        self.url = _with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        # SQLite's own waiting is a sleep and a look; in one process a lock hands over at once.
        self._turn = threading.Lock()
        self.no_room = False

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """The one serialised writer: commits at the end, rolls back on any error. Don't nest.

        Raises :class:`Refusal` ``hub_disk_full`` when it does not fit on the disk; ``no_room`` says so until one fits."""
        try:
            with self._transaction() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            if not _is_full(error.orig):
                raise
            self.no_room = True
            raise Refusal("hub_disk_full", status=507) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._turn if self.is_sqlite else contextlib.nullcontext(), self._connect() as connection:
            try:
                with self._begun(connection, _WRITE):
                    _take_counter(connection)
                    before = _changes(connection)
                    yield connection
                    _store_counter(connection)
                    wrote = before is None or _changes(connection) != before
            finally:
                _forget_position(connection)
        self.no_room = self.no_room and not wrote

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: all statements inside see the same committed state."""
        with self._connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with self._begun(connection, _READ):
                yield connection

    def migrate(self) -> None:
        """Bring the schema to what this software expects. Several processes may start at once: one does it."""
        with self.engine.connect() as connection, self._begun(connection, _WRITE):
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            _upgrade(connection)
            _first_counter(connection)

    def forget_erased(self, *among: sa.Table) -> None:
        """Let nothing that was just erased in these tables stay readable in the database's own files (copies are others'
        affair)."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
                    f"VACUUM {', '.join(table.name for table in among)}"
                )

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _begun(self, connection: Connection, begin: str) -> Iterator[None]:
        """A transaction. Without listeners on the engine: with one, SQLAlchemy looks for others at each statement."""
        with connection.begin():
            if self.is_sqlite:
                quick.run(connection, begin)
            yield

    def _connect(self) -> Connection:
        return quick.Quick(self.engine) if self.is_sqlite else self.engine.connect()


def next_pos(tx: Connection) -> int:
    """The next position of the hub, for an operation or a received event. Only inside :meth:`Database.write`."""
    return take_positions(tx, 1)


def take_positions(tx: Connection, count: int) -> int:
    """The first of ``count`` fresh positions in a row."""
    invariant(_POS in tx.info, "positions are given by a writer only")
    first = int(tx.info[_POS]) + 1
    tx.info[_POS] = first + count - 1
    return first


def raise_counter(tx: Connection, at_least: int) -> None:
    """Never give a position up to ``at_least`` again: a restored hub hears from its nodes how far it had been."""
    tx.info[_POS] = max(int(tx.info[_POS]), at_least)


def head_pos(tx: Connection) -> int:
    """The last position given, as this transaction sees it."""
    if _POS in tx.info:
        return int(tx.info[_POS])
    return int(tx.execute(sa.select(tables.counter.c.pos)).scalar_one())


def insert_rows(tx: Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add many rows the fast way: COPY on PostgreSQL, one prepared statement on SQLite. Values go in as they are."""
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        quick.write_many(tx, f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608
        return
    driver: Any = tx.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def select_pairs(tx: Connection, query: str, pairs: Sequence[tuple[int, int]]) -> Sequence[Any]:
    """Rows of a plain ``query`` in which ``{pairs}`` stands behind IN: naming and compiling hundreds of parameters would
    take longer than the database does. Values come as the driver gives them."""
    if not pairs:
        return ()
    # SQLite looks into no index for a bare list of rows, and through the whole table; for what stands in a query it does.
    mark, among = ("(?, ?)", "(SELECT * FROM {})") if tx.dialect.name == "sqlite" else ("(%s, %s)", "{}")
    rows = among.format(f"(VALUES {', '.join([mark] * len(pairs))})")
    values = tuple([number for pair in pairs for number in pair]) * query.count("{pairs}")
    return tx.exec_driver_sql(query.replace("{pairs}", rows), values).all()


def among(columns: Sequence[Any], rows: Iterable[tuple[int, ...]]) -> sa.ColumnElement[bool]:
    """Whether whole numbers in ``columns`` together are one of ``rows`` (at least one), found in an index on either database:
    for a bare list of several rows SQLite looks through the whole table."""
    names = [sa.column(f"c{number}", sa.BigInteger) for number in range(len(columns))]
    wanted = sa.values(*names).data(list(rows)).cte()
    return sa.tuple_(*columns).in_(sa.select(wanted))


def chunks(items: Iterable[Any], size: int = 500) -> Iterator[list[Any]]:
    """Lists of at most ``size``: databases bound how many values a statement takes."""
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _changes(connection: Connection) -> int | None:
    """Rows changed so far, on SQLite; PostgreSQL writes something for every writer."""
    return getattr(connection.connection.driver_connection, "total_changes", None)


def _is_full(error: BaseException | None) -> bool:
    """A full disk shows as SQLITE_FULL, as an I/O error while writing, or as PostgreSQL's ``disk_full``."""
    name = getattr(error, "sqlite_errorname", "")
    return name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR") or getattr(error, "sqlstate", "") == _DISK_FULL


def _take_counter(connection: Connection) -> None:
    pos = int(connection.execute(_LOCK_COUNTER).scalar_one())
    connection.info[_POS] = connection.info[_POS_AT_START] = pos


def _store_counter(connection: Connection) -> None:
    pos, before = connection.info[_POS], connection.info[_POS_AT_START]
    invariant(pos >= before, "a position never goes down")
    if pos != before:
        connection.execute(_STORE_COUNTER, {"last": pos})


def _first_counter(connection: Connection) -> None:
    if connection.execute(sa.select(tables.counter.c.pos)).first() is None:
        connection.execute(sa.insert(tables.counter).values(id=1, pos=FIRST_POS))


def _upgrade(connection: Connection) -> None:
    newest = max(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    found = _revision(connection)
    if found == newest:
        return
    if found is not None and found > newest:
        raise Fault("schema_newer", f"the database is at {found}, this software at {newest}", retry=False)
    # Loaded only when there is something to do: it is most of the time that a start takes.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _postgresql_engine(url: URL) -> sa.Engine:
    return sa.create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)


def _sqlite_engine(url: URL) -> sa.Engine:
    arguments = {"timeout": _BUSY_MS / 1000, "check_same_thread": False, "cached_statements": _STATEMENTS}
    engine = sa.create_engine(url, connect_args=arguments)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _forget_position(connection: Connection) -> None:
    if not connection.invalidated:  # else what it knew went with it
        connection.info.pop(_POS, None)
        connection.info.pop(_POS_AT_START, None)


def _prepare_sqlite(driver: Any, _record: Any) -> None:
    # Transactions are begun by hand below; the driver would start them too late for a consistent reader.
    driver.isolation_level = None
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for name, value in wanted.items():
        driver.execute(f"PRAGMA {name} = {value}")
        found = driver.execute(f"PRAGMA {name}").fetchone()[0]
        invariant(found == value, f"SQLite keeps {name} at {found} in place of {value}")


def upsert_rows(
    tx: Connection, table: sa.Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows, or put new values into those with the same ``keys`` (the first of ``columns``)."""
    _upsert(tx, table, keys, columns, rows, 'excluded."{0}"')


def insert_new(
    tx: Connection, table: sa.Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows; one with the same ``keys`` as one that is there changes nothing."""
    _upsert(tx, table, keys, columns, rows, "")


def add_to_rows(
    tx: Connection, table: sa.Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows of sums; where there is one with the same ``keys``, add the other columns' numbers to it."""
    _upsert(tx, table, keys, columns, rows, '"{1}"."{0}" + excluded."{0}"')


def _upsert(
    tx: Connection,
    table: sa.Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    change: str,
) -> None:
    if not rows:
        return
    mark = "?" if tx.dialect.name == "sqlite" else "%s"
    names, under = (", ".join(f'"{name}"' for name in some) for some in (columns, keys))
    changes = ", ".join(f'"{name}" = {change.format(name, table.name)}' for name in columns if name not in keys)
    action = f"UPDATE SET {changes}" if change else "NOTHING"
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([mark] * len(columns))}) '  # noqa: S608
    upsert, values = f"{statement} ON CONFLICT ({under}) DO {action}", [tuple(row) for row in rows]
    if tx.dialect.name == "sqlite":
        quick.write_many(tx, upsert, values)
    else:
        tx.exec_driver_sql(upsert, values)
