"""A hub on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.world import World, new_world


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    """A hub that sells one coach of ten seats over three legs, as trip 7."""
    with new_world(hub_database_url, tmp_path) as made:
        yield made
