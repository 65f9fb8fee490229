"""The migrations make exactly the tables that the code declares."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import cloud.domains
from cloud.kernel.database import Database, head_pos
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
