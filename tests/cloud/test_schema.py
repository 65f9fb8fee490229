"""The migrations make exactly the tables that the code declares."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import cloud.domains
from cloud.domains.boarding.tables import boarded
from cloud.domains.ratings.tables import rating
from cloud.kernel.database import Database, among, head_pos, select_pairs
from cloud.kernel.tables import metadata, state_tables


def test_a_fresh_database_has_every_table_as_declared(hub_database_url: str) -> None:
    database = Database(hub_database_url)
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_hubs_that_start_together_make_the_schema_once(hub_database_url: str) -> None:
    databases = [Database(hub_database_url) for _ in range(3)]
    starts = [threading.Thread(target=database.migrate) for database in databases]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    with databases[0].read() as tx:
        assert head_pos(tx) == 1
        assert tx.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    for database in databases:
        database.close()


def statements_of_pairs() -> list[str]:
    """Every statement of the hub in which pairs are looked up."""
    modules = [module for name, module in sys.modules.items() if name.startswith("cloud.domains.")]
    found = {
        text for module in modules for text in vars(module).values() if isinstance(text, str) and "{pairs}" in text
    }
    return sorted(found)


def scanned(plan: Iterable[Any], query: str) -> list[str]:
    """What a plan says of tables that it goes through from end to end."""
    aliases = re.findall(r"(?:FROM|JOIN) (\w+)(?: (?!WHERE|JOIN|LEFT|ON)(\w+))?", query)
    tables = {alias or name for name, alias in aliases if name in metadata.tables}
    assert tables, query
    return [row[-1] for row in plan if row[-1].split()[0] == "SCAN" and row[-1].split()[1] in tables]


def test_no_look_up_of_pairs_goes_through_a_whole_table(tmp_path: Path) -> None:
    """A hub's tables hold all trips that ever were; what a box brings is of a few."""
    database, pairs = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}"), [(1, 2), (3, 4), (5, 6)]
    database.migrate()
    with database.read() as tx:
        plans = {query: select_pairs(tx, f"EXPLAIN QUERY PLAN {query}", pairs) for query in statements_of_pairs()}
        assert len(plans) > 10
        assert {query: found for query, plan in plans.items() if (found := scanned(plan, query))} == {}
    database.close()


def test_canary_a_bare_list_of_pairs_is_looked_up_in_the_whole_table(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    database.migrate()
    with database.read() as tx:
        bare = [query.replace("{pairs}", "(VALUES (1, 2), (3, 4), (5, 6))") for query in statements_of_pairs()]
        assert any(scanned(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"), query) for query in bare)
    database.close()


def test_what_is_among_some_pairs_is_looked_up_in_the_index(hub_database_url: str) -> None:
    database, pairs = Database(hub_database_url), [(1, 2), (3, 4), (5, 6)]
    database.migrate()
    with database.read() as tx:
        for table in (rating, boarded):
            query = sa.select(table.c.pos).where(among((table.c.trip_no, table.c.day), pairs))
            assert tx.execute(query).all() == []
            if tx.dialect.name == "sqlite":
                text = str(query.compile(tx, compile_kwargs={"literal_binds": True}))
                plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
                assert scanned(plan, f"SELECT pos FROM {table.name}") == []
                bare = sa.select(table.c.pos).where(sa.tuple_(table.c.trip_no, table.c.day).in_(pairs))
                text = str(bare.compile(tx, compile_kwargs={"literal_binds": True}))
                plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
                assert scanned(plan, f"SELECT pos FROM {table.name}") == [f"SCAN {table.name}"]
    database.close()


def test_every_domain_of_the_hub_is_named_in_the_list() -> None:
    named = (
        "disruption",
        "register",
        "notices",
        "timetable",
        "inventory",
        "shifts",
        "ticketing",
        "payments",
        "boarding",
        "duties",
        "clearance",
        "ratings",
        "sellers",
    )
    assert named == cloud.domains.DOMAINS
    assert len(state_tables()) > 10
    assert all(table.metadata is metadata for table in state_tables())


def test_sqlite_is_never_used_without_full_synchronisation(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/hub.sqlite")
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    database.close()
    assert found == [2, "wal"]
