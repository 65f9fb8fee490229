"""One running demo for all the tests of this folder: making it takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.stage import Stage, running_demo
from tests.demo.setup import Demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def stage(browser: Browser, demo: Demo) -> Iterator[Stage]:
    made = Stage(browser, demo)
    try:
        yield made
    finally:
        made.close()
