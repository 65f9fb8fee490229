"""Fixtures for every test, and what the summary says about the machine it ran on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.support.ports import free_port
from tests.support.shared import shared_data

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.broker import Broker
    from tests.support.postgresql import PostgresServer

# Tests that start a browser or servers of their own take turns in one worker; the rest fill the other.
TOGETHER = ("browser", "processes")
TOGETHER_TIMEOUT_S = 600

# No deadline: two busy cores make any time a matter of chance. CI draws the same examples every time.
settings.register_profile("house", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(name) for name in TOGETHER):
            item.add_marker(pytest.mark.xdist_group("together"))
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TOGETHER_TIMEOUT_S))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    data = shared_data()
    said = "present" if data.is_dir() else "ABSENT: tests on the real feeds did not run"
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.section("this run", sep="-")
    terminalreporter.line(f"shared data: {said}")
    terminalreporter.line(f"skipped tests: {skipped}" + (", each with its reason above" if skipped else ""))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """One server a worker, started when the first test asks for it; without fsync."""
    from tests.support.postgresql import postgresql_server

    with postgresql_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database for one test."""
    with postgresql.fresh_database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def hub_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same test on both of the hub's databases, each time an empty one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hub.sqlite'}"
    else:
        yield request.getfixturevalue("postgresql_url")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium a worker."""
    from tests.support.browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a person who was never here before: no cookie, nothing stored."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running mosquitto that the test may kill."""
    from tests.support.broker import new_broker

    running = new_broker(tmp_path / "broker")
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(autouse=True)
def _no_stray_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the person who runs the tests must not reach the nodes and hubs of the tests."""
    for name in [name for name in os.environ if name.startswith("YIPIAO_") and name != "YIPIAO_SHARED"]:
        monkeypatch.delenv(name)
