"""The same box with both brokers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridges.broker.process import find_mosquitto
from tests.firmware_bridges.support import Box


@pytest.fixture(params=["mosquitto", "amqtt"])
def broker_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    return kind


@pytest.fixture
def box(tmp_path: Path, broker_kind: str) -> Iterator[Box]:
    """Not started yet; ended whatever happens."""
    box = Box(tmp_path, broker_kind)
    try:
        yield box
    finally:
        box.stop()
