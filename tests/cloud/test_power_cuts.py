"""The power goes at every write of a hub on SQLite: what it acknowledged to a node, which forgets it then, is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa

from cloud.bootstrap import build
from cloud.kernel import database as kernel
from cloud.kernel.rebuild import rebuild
from cloud.kernel.settings import Settings
from cloud.kernel.tables import event_log
from tests.cloud.world import TestClock, TestIds, TestTimetable, Trip, World, new_world
from tests.simulation.disks import Disks
from tests.support.powercut import PowerDisk, plugged_in
from tests.support.powercut.replay import Recorded, outcomes

SEEDS = 300
CHECKPOINT_PAGES = 60
TRIPS = (Trip(7), Trip(8))
# What each node was told that the hub has, as the hub held it then: (node, sequence) and the event.
Held = frozenset[tuple[int, int, bytes]]


@contextmanager
def opened_with(*pragmas: str) -> Iterator[None]:
    """Hubs work with these settings on top of their own."""
    plain = kernel._prepare_sqlite

    def prepare(driver: Any, record: Any) -> None:
        plain(driver, record)
        for pragma in pragmas:
            driver.execute(f"PRAGMA {pragma}")

    with mock.patch.object(kernel, "_prepare_sqlite", prepare):
        yield


def record(folder: Path) -> Recorded[Held]:
    """Two nodes hand in sales and get seats; after each answer, what the hub has said that it holds."""
    run: Recorded[Held] = Recorded(PowerDisk(folder, keep_tape=True))
    with plugged_in(run.disk), new_world(f"sqlite:///{folder / 'hub.sqlite'}", folder, TRIPS) as world:
        boxes = [world.box("a"), world.box("b")]
        for turn in range(4):
            for number, box in enumerate(boxes):
                if turn < 3:
                    world.grant(box, 8, 1)
                for sale in range(1 + turn % 3):
                    box.sell(7, 1 + (turn * 3 + sale) % 10, number, number + 1)
                box.visit(most=2)
                run.tell(held(world))
    run.disk.remove()
    return run


def held(world: World) -> Held:
    return frozenset(
        (box.node_no, seq, data) for box in world.boxes.values() for seq, data in enumerate(box.log[: box.acked], 1)
    )


def judge(place: Path, told: Held | None) -> str:
    """A hub comes up over what the disk kept: ``whole``, ``lost`` or ``broken``."""
    settings = Settings(data=place, database=f"sqlite:///{place / 'hub.sqlite'}", grant_hours=0)
    hub = None
    try:
        hub = build(settings, TestClock(), TestIds(), TestTimetable(TRIPS))
        with hub.database.read() as tx:
            rows = tx.execute(sa.select(event_log.c.node_no, event_log.c.seq, event_log.c.bytes)).all()
        if not (told or frozenset()) <= {(row.node_no, row.seq, bytes(row.bytes)) for row in rows}:
            return "lost"
        return "broken" if rebuild(hub.database, hub.fold, keep=False).differing else "whole"
    except Exception:  # a damaged file comes up with anything, or with nothing
        return "broken"
    finally:
        if hub is not None:
            hub.close()


def cut_everywhere(tmp_path: Path, every: int = 1) -> Any:
    for name in ("run", "cuts"):
        (tmp_path / name).mkdir()
    run = record(tmp_path / "run")
    with Disks().plugged_in():  # disks that do nothing; but compiled statements are kept from hub to hub
        return outcomes(run, SEEDS, tmp_path / "cuts", judge, every)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_power_cut_at_any_write_loses_no_event_that_a_node_was_told_is_here(tmp_path: Path) -> None:
    with opened_with(f"wal_autocheckpoint={CHECKPOINT_PAGES}"):
        found = cut_everywhere(tmp_path)
    assert found["cuts"] == found["whole"] > SEEDS, found
    assert found["seeds"] == 0


def test_the_same_cuts_find_what_a_lazy_hub_loses(tmp_path: Path) -> None:
    """The canary: with synchronous=NORMAL an acknowledgement is worth nothing."""
    with opened_with(f"wal_autocheckpoint={CHECKPOINT_PAGES}", "synchronous=NORMAL"):
        found = cut_everywhere(tmp_path, every=5)
    assert found["lost"] > found["cuts"] // 4, found
    assert found["whole"] > 0, found
