"""The ground that other tests stand on holds."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from tests.support.ports import free_port, wait_for_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.broker import Broker
    from tests.support.postgresql import PostgresServer


def test_every_test_gets_an_empty_hub_database(hub_database_url: str) -> None:
    engine = sqlalchemy.create_engine(hub_database_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE leftover (x INTEGER)"))
    engine.dispose()


@pytest.mark.postgresql
def test_a_database_with_open_connections_is_still_dropped(postgresql: PostgresServer) -> None:
    with postgresql.fresh_database() as url:
        engine = sqlalchemy.create_engine(url)
        held = engine.connect()
        assert held.execute(sqlalchemy.text("SELECT 1")).scalar() == 1
    with postgresql.admin() as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert not [name for (name,) in names if str(name).startswith("t_")]
    with pytest.raises(sqlalchemy.exc.OperationalError):
        held.execute(sqlalchemy.text("SELECT 1"))
    held.close()
    engine.dispose()


@pytest.mark.postgresql
def test_the_server_listens_on_loopback_only(postgresql: PostgresServer) -> None:
    with postgresql.admin() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_a_free_port_is_free() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        wait_for_port(server.getsockname()[1], 1)


def test_waiting_for_a_port_that_never_opens_ends() -> None:
    with pytest.raises(TimeoutError):
        wait_for_port(free_port(), 0.05)


@pytest.mark.processes
def test_a_killed_broker_comes_back_on_its_port(broker: Broker) -> None:
    broker.kill()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", broker.port), timeout=1)
    broker.start()
    socket.create_connection(("127.0.0.1", broker.port), timeout=1).close()


@pytest.mark.browser
def test_the_browser_draws_chinese_with_a_real_font(page: Page) -> None:
    # Without a CJK font every character is the same box, so two different words have equal pictures.
    page.set_content("<meta charset=utf-8><span id=a>票</span><span id=b>船</span>")
    assert page.locator("#a").screenshot() != page.locator("#b").screenshot()
