"""Several hub processes on one database do what one would do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.domains.ticketing.tables import ticket
from cloud.kernel import rebuild, streams
from cloud.kernel.tables import event_log, quarantine
from sync.domains.inventory.events import SeatsAsked
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world

ROUNDS = 12


class Trader:
    """A box that asks for seats and sells them, each visit at another hub."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.sold: set[int] = set()

    def trade(self, hubs: list[World], offset: int, wrong: list[BaseException]) -> None:
        try:
            for number in range(ROUNDS):
                self.box.hub = hubs[(number + offset) % len(hubs)].hub
                self.box.append(SeatsAsked(7, DAY, 0, 3, 2))
                self.box.visit()
                for seat in sorted(set(self.box.seats(7)) - self.sold)[:2]:
                    self.box.sell(7, seat)
                    self.sold.add(seat)
                self.box.visit()
        except BaseException as error:
            wrong.append(error)


@pytest.mark.postgresql
def test_hubs_on_one_postgresql_never_grant_or_take_anything_twice(postgresql_url: str, tmp_path: Path) -> None:
    with new_world(postgresql_url, tmp_path, [Trip(7, capacity=60)]) as first:
        second = first.again()
        boxes = [Trader(first.box(f"n{i}")) for i in range(4)]
        wrong: list[BaseException] = []
        threads = [threading.Thread(target=box.trade, args=([first, second], i, wrong)) for i, box in enumerate(boxes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        held: list[int] = [seat for box in boxes for seat in box.box.seats(7)]
        assert len(held) == len(set(held))
        assert first.rows(quarantine) == []
        logs = {(row["node_no"], row["seq"]): row["bytes"] for row in first.rows(event_log)}
        assert logs == {(one.box.node_no, i): data for one in boxes for i, data in enumerate(one.box.log, start=1)}
        positions = [row["pos"] for row in first.rows(event_log)]
        assert len(positions) == len(set(positions))
        assert len(first.rows(ticket)) == sum(len(one.sold) for one in boxes)
        adds_up(first.trip(7))
        with second.hub.database.read() as tx:
            for one in boxes:
                one.box.visit()
                assert one.box.digest(f"node/{one.box.node_no}") == streams.digest(tx, f"node/{one.box.node_no}")
        assert rebuild.rebuild(second.hub.database, second.hub.fold, keep=False).differing == []
        second.hub.close()


def test_a_node_may_change_hubs_between_two_halves_of_a_batch(world: World) -> None:
    other = world.again()
    box = world.box("a")
    world.grant(box, 7, 6)
    for seat in range(1, 6):
        box.sell(7, seat)
    box.take(box.send(box.request(most=2)))
    box.hub = other.hub
    box.send(box.request(most=2))
    box.hub = world.hub
    assert box.visit().acked_seq == 5
    with other.hub.database.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(ticket)).scalar_one() == 5
    other.hub.close()
