"""The console on both databases: empty, and with two days of life in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.world import ConsoleWorld, empty_world, fill


@pytest.fixture
def bare(hub_database_url: str, tmp_path: Path) -> Iterator[ConsoleWorld]:
    with empty_world(hub_database_url, tmp_path) as world:
        yield world


@pytest.fixture
def world(bare: ConsoleWorld) -> ConsoleWorld:
    return fill(bare)
