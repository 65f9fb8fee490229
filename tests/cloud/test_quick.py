"""Statements that run past most of SQLAlchemy: what comes out is what SQLAlchemy itself gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.kernel import quick
from cloud.kernel.database import Database, insert_rows

_META = sa.MetaData()
_THING = sa.Table(
    "thing", _META,
    sa.Column("number", sa.Integer, primary_key=True), sa.Column("name", sa.Text), sa.Column("good", sa.Boolean),
    sa.Column("said", sa.JSON), sa.Column("seal", sa.LargeBinary),
)  # fmt: skip
_MANY = 1_203
_OTHER = _THING.alias()
_STATEMENTS: tuple[tuple[Any, tuple[dict[str, Any] | None, ...]], ...] = (
    (sa.select(_THING).order_by(_THING.c.number), (None,)),
    (sa.select(_THING.c.name, _THING.c.good).where(_THING.c.number == sa.bindparam("n")), ({"n": 3}, {"n": 99_999})),
    (sa.select(_THING.c.name).where(_THING.c.number == 7).limit(1), (None,)),
    (
        sa.select(_THING.c.number).where(_THING.c.number.in_(sa.bindparam("ns", expanding=True)), _THING.c.good),
        ({"ns": [1, 2, 3]}, {"ns": (4, 5)}, {"ns": []}, {"ns": [8, 9, 10]}),
    ),
    (sa.select(_THING.c.said).where(_THING.c.seal.in_(sa.bindparam("seals", expanding=True))), ({"seals": [b"3", b"9"]},)),
    (sa.select(_THING.c.number).where(_THING.c.name.in_(("n5", "n6")), _THING.c.good == sa.bindparam("g")), ({"g": True},)),
    (
        sa.select(_THING.c.name, _OTHER.c.name, sa.func.count().label("times"))
        .join(_OTHER, _OTHER.c.number == _THING.c.number + 1).where(_THING.c.number < 5).group_by(_THING.c.number),
        (None,),
    ),
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/hub.sqlite")
    with found.engine.begin() as setup:
        _META.create_all(setup)
    found.migrate()
    rows = [(n, f"n{n}", n % 2 == 0, f'{{"n": [{n}, null]}}', str(n).encode()) for n in range(1, _MANY)]
    with found.write() as tx:
        insert_rows(tx, _THING, ("number", "name", "good", "said", "seal"), rows)
    yield found
    found.close()


@pytest.mark.parametrize("number", range(len(_STATEMENTS)))
def test_a_statement_gives_at_each_use_what_sqlalchemy_gives(database: Database, number: int) -> None:
    statement, uses = _STATEMENTS[number]
    for _ in range(3):
        for values in uses:
            with database.read() as tx, database.engine.connect() as slow:
                mine, theirs = tx.execute(statement, values), slow.execute(statement, values)
                assert list(mine.keys()) == list(theirs.keys())
                assert mine.all() == theirs.all()
    assert isinstance(quick._plans[statement], quick._Plan)


def test_rows_have_names_and_results_their_short_words(database: Database) -> None:
    statement, _ = _STATEMENTS[1]
    with database.read() as tx:
        for _ in range(3):
            row = tx.execute(statement, {"n": 4}).one()
            assert (row.name, row.good, *row) == ("n4", True, "n4", True)
            assert tx.execute(statement, {"n": 4}).mappings().first() == {"name": "n4", "good": True}
            assert tx.execute(statement, {"n": 4}).scalar() == "n4"
            assert tx.execute(statement, {"n": 0}).first() is None


def test_what_was_left_unread_holds_no_old_state(database: Database) -> None:
    statement, _ = _STATEMENTS[0]
    with database.write() as tx:
        for _ in range(3):
            for row in tx.execute(statement):
                if row.number == 2:
                    break
        tx.execute(sa.delete(_THING).where(_THING.c.number > 10))
    with database.read() as tx:
        assert len(tx.execute(statement).all()) == 10


def test_plain_texts_and_their_errors_are_as_sqlalchemys(database: Database) -> None:
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT name FROM thing WHERE number = ?", (5,)).scalar_one() == "n5"
        with pytest.raises(sa.exc.OperationalError, match="no such table"):
            tx.exec_driver_sql("SELECT 1 FROM nowhere")
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        insert_rows(tx, _THING, ("number", "name"), [(1, "again")])


def test_who_listens_to_statements_hears_of_all(database: Database) -> None:
    heard: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: heard.append(sql))
    with database.read() as tx:
        for _ in range(3):
            tx.execute(_STATEMENTS[2][0]).all()
    assert sum("FROM thing" in sql for sql in heard) == 3
