"""Exchanges at the hub: money, seats, void tickets, and what a lying box could write."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.boarding.tables import void_ticket
from cloud.domains.ticketing import service
from cloud.domains.ticketing.publish import publish_rebook_rules
from cloud.domains.ticketing.tables import refund, replacement
from cloud.kernel.rebuild import rebuild
from sync.domains.ticketing.events import REBOOKED, REISSUED, TicketRebooked, TicketReissued
from sync.domains.ticketing.office.rebooking import DEFAULT_REBOOK_RULES
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, Box, World, adds_up, new_world
from tests.domains.ticketing.test_refund_cloud import codes, give_back, id_of


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def say(box: Box, old: int, new: int, **more: Any) -> int:
    """Announce the exchange of the ticket with serial ``old`` for the one that will have ``new``."""
    made = TicketRebooked(id_of(box, old), new, 0, 0, "default/1", 1, 1, True)
    return box.append(dataclasses.replace(made, **more))


def exchange(box: Box, sold: int, serial: int, seat: int, **more: Any) -> int:
    """As a good box does it: say it, give the sale at event ``sold`` back, sell ``seat`` as ticket ``serial``."""
    say(box, serial - 1, serial, **more)
    give_back(box, sold, 0, reason=REBOOKED, rule="default/1")
    return box.sell(7, seat)


@pytest.mark.parametrize("most", [1, 2, 100])
def test_an_exchange_moves_the_passenger_and_adds_up_however_it_comes_in(world: World, most: int) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    exchange(box, box.sell(7, 1), 2, 2)
    for _ in range(4):
        box.visit(most=most)
    assert codes(world) == []
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (2, 10_000)}
        assert service.refund_totals(tx) == {"CNY": (1, 5_000)}
        assert set(service.good_tickets(tx, 7, DAY)) == {id_of(box, 2)}
    assert [(row["old_id"], row["new_id"], row["state"]) for row in world.rows(replacement)] == [
        (id_of(box, 1), id_of(box, 2), "ok")
    ]
    assert [row["ticket_id"] for row in world.rows(void_ticket)] == [id_of(box, 1)]
    adds_up(world.trip(7))
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("fee", [0, 250])
def test_a_refund_in_the_name_of_an_exchange_that_nobody_said_is_put_aside(world: World, apart: bool, fee: int) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    if fee:
        say(box, 1, 2, fee_minor=fee + 1)
    if apart:
        box.visit()
    give_back(box, sold, fee, reason=REBOOKED)
    box.visit()
    assert codes(world) == ["refund_no_exchange"]
    assert [row["state"] for row in world.rows(refund)] == ["quarantined"] and world.rows(void_ticket) == []


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ticket_id": bytes(8)}, "replace_unknown_ticket"), ({"ticket_id": b"x"}, "replace_unknown_ticket"),
        ({"serial": 1}, "replace_serial"), ({"serial": 0}, "replace_serial"), ({"serial": 1 << 32}, "replace_serial"),
        ({"times": 2}, "rebook_times"), ({"times": 0}, "rebook_times"), ({"reason": 1}, "rebook_times"),
    ],
)  # fmt: skip
def test_an_exchange_that_breaks_a_rule_covers_no_refund(world: World, more: Any, code: str, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    if apart:
        box.visit()
    say(box, 1, 2, **more)
    if apart:
        box.visit()
    give_back(box, sold, 0, reason=REBOOKED)
    box.visit()
    assert codes(world) == [code, "refund_no_exchange"]
    assert [row["state"] for row in world.rows(replacement)] == ["quarantined"]


@pytest.mark.parametrize("apart", [True, False])
def test_the_count_goes_with_the_journey(world: World, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    first = exchange(box, box.sell(7, 1), 2, 2)
    if apart:
        box.visit()
    second = exchange(box, first, 3, 3, times=2)
    exchange(box, second, 4, 4, times=2, reason=2)
    box.visit()
    assert codes(world) == []
    say(box, 4, 5, times=1)
    box.visit()
    assert codes(world) == ["rebook_times"]


@pytest.mark.parametrize("apart", [True, False])
def test_a_ticket_that_is_gone_is_exchanged_for_nothing(world: World, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    exchange(box, sold, 2, 2)
    given_back = box.sell(7, 3)
    give_back(box, given_back)
    if apart:
        box.visit()
    say(box, 1, 4)
    say(box, 3, 4)
    say(box, 2, 4, times=2)
    say(box, 2, 5, times=2)
    box.visit()
    assert codes(world) == ["replace_unknown_ticket", "replace_unknown_ticket", "replace_twice"]


def test_no_box_exchanges_what_another_sold(world: World) -> None:
    box, thief = world.box("a"), world.box("b")
    world.grant(box, 7, 1)
    box.sell(7, 1)
    box.visit()
    say(thief, 1, 1, ticket_id=id_of(box, 1))
    thief.visit()
    assert codes(world) == ["replace_unknown_ticket"]


@pytest.mark.parametrize("most", [1, 2, 100])
def test_a_reissue_keeps_seat_and_sums_and_the_count_of_rebookings(world: World, most: int) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    moved = exchange(box, box.sell(7, 1), 2, 2)
    box.append(TicketReissued(id_of(box, 2), 3, 0, 1))
    give_back(box, moved, 0, reason=REISSUED, rule="reissue/damaged")
    box.sell(7, 2)
    say(box, 3, 4, times=2)
    for _ in range(9):
        box.visit(most=most)
    assert codes(world) == []
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (3, 15_000)} and service.refund_totals(tx) == {"CNY": (2, 10_000)}
        assert set(service.good_tickets(tx, 7, DAY)) == {id_of(box, 3)}
    adds_up(world.trip(7))
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


@pytest.mark.parametrize("apart", [True, False])
def test_a_reissued_ticket_is_neither_reissued_nor_given_back_again(world: World, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    for serial in (2, 3):
        box.append(TicketReissued(id_of(box, 1), serial, 0, 1))
        give_back(box, sold, 0, reason=REISSUED)
        box.sell(7, serial - 1)
        if apart:
            box.visit()
    give_back(box, sold)
    box.visit()
    assert codes(world) == ["replace_unknown_ticket", "refund_twice", "refund_twice"]


@pytest.mark.parametrize("reason", [REBOOKED, REISSUED])
def test_one_kind_of_exchange_covers_no_refund_of_the_other_kind(world: World, reason: int) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    if reason == REBOOKED:
        box.append(TicketReissued(id_of(box, 1), 2, 0, 1))
    else:
        say(box, 1, 2)
    give_back(box, sold, 0, reason=reason)
    box.visit()
    assert codes(world) == ["refund_no_exchange"]


def test_rules_reach_every_node_and_never_begin_in_the_past(world: World) -> None:
    box = world.box("a")
    made = dataclasses.replace(DEFAULT_REBOOK_RULES, name="new", from_day=DAY + 1)
    with world.hub.database.write() as tx:
        publish_rebook_rules(tx, made, DAY)
        with pytest.raises(Refusal, match="refund_rules_past"):
            publish_rebook_rules(tx, dataclasses.replace(made, from_day=DAY - 1), DAY)
        with pytest.raises(Refusal, match="rebook_rules_odd"):
            publish_rebook_rules(tx, dataclasses.replace(made, most_times=-1), DAY)
    box.visit()
    assert set(box.keys("ruleset", "net")) == {f"ruleset/rebook/all/{DAY + 1}"}
