"""Statements add up to the fen: with each other, with what is owed, and, beside the nodes' takings, with the ledger."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest

from cloud.domains.sellers.books import statements
from cloud.domains.sellers.books.statements import Statement, commission_minor
from cloud.domains.ticketing import service as ticketing
from cloud.kernel import nodes
from tests.cloud.selling import Shopper
from tests.cloud.world import FARE_MINOR, HOUR_MS, START_MS, World

FAR = START_MS + 1000 * HOUR_MS


def statement(world: World, shop: Shopper, from_ms: int = 0, until_ms: int = FAR) -> Statement:
    with world.hub.database.read() as tx:
        found = statements.statement(tx, shop.seller.seller_no, from_ms, until_ms)
    return found[0] if found else Statement("CNY")


def day_of_trade(world: World) -> list[Shopper]:
    """Two sellers and two boxes sell, give back and sell again over some hours."""
    shops = [Shopper(world, "Bamboo", per_mille=37), Shopper(world, "Heron", per_mille=50)]
    station, pier = world.box("a", low_water=0), world.box("b", low_water=0)
    for box, place in ((station, 3), (pier, 2)):
        world.grant(box, 7, place)
        box.visit()
        for seat in box.seats(7):
            box.sell(7, seat, price_minor=5_003)
        box.visit()
    sold = [shops[i % 2].buy((i % 3, 3, None)) for i in range(4)]
    world.clock.now_ms += 3 * HOUR_MS
    shops[0].refund(sold[0])
    world.clock.now_ms += 7 * HOUR_MS
    shops[1].refund(sold[1])
    shops[0].buy((0, 1, None), (1, 3, None))
    shops[1].cancel(shops[1].book((0, 3, None)))
    return shops


def test_all_statements_and_the_takings_of_the_nodes_are_the_ledger(world: World) -> None:
    shops = day_of_trade(world)
    found = [statement(world, shop) for shop in shops]
    with world.hub.database.read() as tx:
        own = nodes.own(tx)
        assert own is not None
        sold, back = ticketing.totals(tx)["CNY"], ticketing.refund_totals(tx)["CNY"]
        lines = [line for line in ticketing.sales(tx) if line.node_no != own.node_no]
    taken = sum(line.amount_minor for line in lines)
    handed_back = sum(line.refunded_minor for line in lines)
    assert taken == 5 * 5_003
    assert sum(line.sold_minor for line in found) + taken == sold[1]
    assert sum(line.refunded_minor for line in found) + handed_back == back[1]
    assert sum(line.tickets for line in found) + 5 == sold[0]
    assert sum(line.refunds for line in found) == back[0] == 2
    for shop, line in zip(shops, found, strict=True):
        assert line.sold_minor - line.refunded_minor == shop.owed()


def test_statements_of_parts_are_the_statement_of_the_whole(world: World) -> None:
    shops = day_of_trade(world)
    for shop in shops:
        whole = statement(world, shop)
        cuts = [0, START_MS + 1, START_MS + 5 * HOUR_MS, FAR]
        parts = [statement(world, shop, *span) for span in pairwise(cuts)]
        for name in (
            "tickets",
            "sold_minor",
            "refunds",
            "refunded_minor",
            "fees_minor",
            "commission_minor",
            "due_minor",
        ):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
        assert whole.due_minor > 0 < whole.commission_minor


def test_the_commission_is_that_of_the_moment_of_the_sale(world: World) -> None:
    shop = Shopper(world, per_mille=100)
    first = shop.buy((0, 3, None))
    world.clock.now_ms += HOUR_MS
    with world.hub.database.write() as tx:
        world.hub.sellers.change(tx, shop.seller.seller_no, 1_000_000, 20)
    shop.buy((0, 3, None))
    assert statement(world, shop).commission_minor == 300 + 60
    shop.refund(first)
    assert statement(world, shop).commission_minor == 300 + 60 - 270
    assert statement(world, shop).fees_minor == 300


@pytest.mark.parametrize(
    ("amount", "rate", "part"), [(1_000, 5, 5), (100, 5, 1), (99, 5, 0), (3_003, 37, 111), (7, 1000, 7)]
)
def test_half_a_unit_of_commission_is_rounded_up(amount: int, rate: int, part: int) -> None:
    assert commission_minor(amount, rate) == part


def test_the_table_for_a_spreadsheet_has_every_entry(world: World) -> None:
    shop, _ = day_of_trade(world)
    with world.hub.database.read() as tx:
        text = statements.as_csv(statements.entries(tx, shop.seller.seller_no, 0, FAR), "Asia/Shanghai")
    rows = list(csv.DictReader(io.StringIO(text)))
    whole = statement(world, shop)
    assert sum(int(row["amount_minor"]) for row in rows if row["kind"] == "sale") == whole.sold_minor
    assert sum(int(row["amount_minor"]) for row in rows if row["kind"] == "refund") == whole.refunded_minor
    assert sum(int(row["commission_minor"]) for row in rows) == whole.commission_minor
    assert rows[0]["at"].endswith("+08:00") and rows[0]["ticket"].count("-") == 3


def test_what_was_paid_stands_in_the_statement_and_lowers_what_is_owed(world: World) -> None:
    shop = Shopper(world)
    shop.buy((0, 3, None))
    with world.hub.database.write() as tx:
        world.hub.sellers.pay(tx, shop.seller.seller_no, "cny", 1_234, "slip", "test")
    assert (statement(world, shop).paid_minor, shop.owed()) == (1_234, 3 * FARE_MINOR - 1_234)
