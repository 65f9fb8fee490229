"""A real node with its pages, a passenger at the kiosk and a clerk at the counter."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from kiosk_ui.app import create_app
from sync.kernel import operations, pins
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, FERRY_TRIP, LATE_TRIP, TODAY, Bench, make_bench

GATE_NO, GATE_PIN = 21, "1379"
ALL_LEGS = 0b1111
SEATS = 8
PLACES = 3


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A station that may sell eight seats of the coach and three places of the ferry, today and tomorrow."""
    return furnished(make_bench(tmp_path / "station"))


@pytest.fixture
def vehicle(tmp_path: Path) -> Bench:
    """The box on the coach itself."""
    return furnished(make_bench(tmp_path / "vehicle", node_no=8, kind="vehicle"))


def furnished(made: Bench) -> Bench:
    for day in (TODAY, TODAY + 1):
        made.grant(COACH_TRIP, day, seats=dict.fromkeys(range(1, SEATS + 1), ALL_LEGS))
        made.grant(FERRY_TRIP, day, counts={0: PLACES})
    made.grant(LATE_TRIP, seats={1: ALL_LEGS})
    inspector = operations.Clerk(GATE_NO, "梁检", ("gate",), pins.hash_pin(GATE_PIN, b"salt of the gate"))
    node_no = made.node.identity.node_no if made.node.identity else 0
    made.operate(f"node/{node_no}", f"clerk/{GATE_NO}", inspector.to_bytes())
    return made


@pytest.fixture
def app(bench: Bench) -> Flask:
    return create_app(bench.node)


@pytest.fixture
def passenger(app: Flask) -> Person:
    return Person(app)


@pytest.fixture
def clerk(app: Flask) -> Person:
    person = Person(app)
    person.sign_in()
    return person
