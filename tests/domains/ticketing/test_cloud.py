"""Tickets and takings at the hub: every sale counts once, also the one that breaks a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.ticketing import service
from cloud.domains.ticketing.tables import serial_end, ticket
from cloud.kernel.tables import quarantine
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, World, new_world


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def test_takings_add_up_to_what_was_paid(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 5)
    world.grant(second, 7, 5)
    for seat in (1, 2, 3):
        first.sell(7, seat, price_minor=1000 + seat)
    second.sell(7, 6, price_minor=90, currency="HKD")
    second.sell(7, 1, price_minor=7)
    first.visit(most=2)
    second.visit()
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (4, 3013), "HKD": (1, 90)}
        lines = {(line.node_no, line.state): line.amount_minor for line in service.sales(tx, trip_no=7)}
        assert lines == {(first.node_no, "ok"): 3006, (second.node_no, "ok"): 90, (second.node_no, "quarantined"): 7}
        assert service.sales(tx, day=DAY + 1) == []
        assert len(service.sales(tx, node_no=second.node_no)) == 2
        assert len(service.good_tickets(tx, 7, DAY)) == 4


def test_a_serial_used_twice_is_quarantined_and_both_sales_are_kept(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    box.sell(7, 1)
    box.sell(7, 2, serial=1)
    box.visit()
    box.sell(7, 3, serial=1)
    box.visit()
    assert [(row["seq"], row["code"]) for row in world.rows(quarantine)] == [(2, "serial_used"), (3, "serial_used")]
    assert [(row["seat"], row["state"]) for row in world.rows(ticket)] == [
        (1, "ok"), (2, "quarantined"), (3, "quarantined"),
    ]  # fmt: skip


def test_a_gap_in_the_serials_is_noted_until_it_is_filled(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    box.sell(7, 1, serial=1)
    box.sell(7, 2, serial=4)
    box.visit()
    assert world.rows(serial_end)[0]["missing"] == 2
    box.sell(7, 3, serial=3)
    box.visit()
    assert world.rows(serial_end)[0] == {"node_no": box.node_no, "epoch": 1, "last_serial": 4, "missing": 1}


def test_each_epoch_of_a_node_counts_its_own_serials(world: World) -> None:
    old = world.box("a")
    world.grant(old, 7, 2)
    old.sell(7, 1)
    old.visit()
    fresh = world.replace_box(old, "a2")
    fresh.sell(7, world.grant(fresh, 7, 2).seats[0][0])
    fresh.visit()
    assert world.rows(quarantine) == []
    with world.hub.database.read() as tx:
        assert service.last_serial(tx, old.node_no, 1) == service.last_serial(tx, old.node_no, 2) == 1


def test_a_ticket_is_found_by_the_number_on_its_paper(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 2)
    box.sell(7, 1)
    box.visit()
    number = TicketId(box.node_no, 1, 1).number
    with world.hub.database.read() as tx:
        found = service.find_ticket(tx, number)
        assert (found.number, found.seat, found.state) == (number, 1, "ok")
        assert [line.number for line in service.tickets_of(tx, 7, DAY)] == [number]
        with pytest.raises(Refusal, match="ticket_number_form"):
            service.find_ticket(tx, "123")
        with pytest.raises(Refusal, match="ticket_unknown"):
            service.find_ticket(tx, TicketId(box.node_no, 1, 2).number)
