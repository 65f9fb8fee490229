"""The settling itself: who never comes to rest is found, whatever the clock brings meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation import plan as plans
from tests.simulation import settling
from tests.simulation.boxes import Box
from tests.simulation.times import MINUTE_MS
from tests.simulation.trace import Violation
from tests.simulation.world import World


@contextlib.contextmanager
def _calm_world(folder: Path) -> Iterator[World]:
    world = World(1, plans.draw(1).mix, folder)
    with world.alive():
        world.calm()
        yield world


def _rounds_until_found(world: World, monkeypatch: pytest.MonkeyPatch, looks: bool) -> int:
    """How many rounds it takes until somebody notices that every visit has something to say. ``looks``: and in each round
    what time brings another node is due."""
    nodes = [int(row[0]) for row in world.hub.rows("SELECT node_no FROM node")]
    visits = 0

    def chatty(_world: World, _box: Box) -> str:
        nonlocal visits
        node_no, soon_ms = nodes[visits // len(world.boxes) % len(nodes)], world.time.now_ms + MINUTE_MS
        visits += 1
        assert visits < 100 * len(world.boxes), "nobody notices"
        if looks:
            world.hub.quietly(lambda hub, tx: hub.nodes.provision_at(tx, soon_ms, node_no))
        return "1 up, 1 down"

    monkeypatch.setattr(settling, "_visit", chatty)
    with pytest.raises(Violation) as found:
        settling.until_quiet(world)
    assert found.value.rule == "not_converged"
    return visits // len(world.boxes)


def test_who_goes_back_and_forth_for_ever_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _calm_world(tmp_path) as world:
        assert _rounds_until_found(world, monkeypatch, looks=False) == settling.MOST_ROUNDS


def test_it_is_found_although_time_may_bring_everybody_something_all_the_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _calm_world(tmp_path) as world:
        nodes = len(world.hub.rows("SELECT node_no FROM node"))
        rounds = _rounds_until_found(world, monkeypatch, looks=True)
        assert settling.MOST_ROUNDS < rounds <= settling.MOST_ROUNDS * (1 + nodes)
