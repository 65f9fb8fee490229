"""The hub sells for others: by a node of its own, from what nobody holds, on an account that has a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.domains.boarding.tables import void_ticket
from cloud.domains.sellers.tables import seller_entry, seller_sum
from cloud.domains.ticketing import service as ticketing
from cloud.kernel import nodes, rebuild, streams
from cloud.kernel.tables import event_log, node_key, quarantine
from sync.domains.boarding.events import TicketBoarded
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ticketing.events import ACCOUNT
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel import certificate, chain, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from sync.kernel.ticket import TicketId
from tests.cloud.selling import Shopper
from tests.cloud.world import DAY, FARE_MINOR, HOUR_MS, Trip, World, adds_up, new_world

FREE = Trip(8, seat_plan_kind="free", capacity=3)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), FREE]) as made:
        yield made


def test_a_seat_sold_at_the_hub_is_granted_to_nobody_else(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    sold = shop.buy((0, 3, 4))
    assert [item.seat for item in sold.items] == [4]
    world.grant(box, 7, 10)
    box.visit()
    assert set(box.seats(7)) == set(range(1, 11)) - {4}
    adds_up(world.trip(7))
    assert world.rows(quarantine) == []


def test_what_nodes_hold_is_not_sold_at_the_hub(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    world.grant(box, 7, 9)
    shop.book((0, 3, None))
    with pytest.raises(Refusal, match="no_seat"):
        shop.book((0, 3, None))
    with pytest.raises(Refusal, match="seat_taken"):
        shop.book((1, 2, 1))


def test_free_seating_ends_with_the_last_place(world: World) -> None:
    shop = Shopper(world)
    shop.buy((0, 3, None), (0, 2, None), trip_no=8)
    shop.buy((1, 3, None), trip_no=8)
    with pytest.raises(Refusal, match="no_seat"):
        shop.book((1, 2, None), trip_no=8)
    shop.buy((2, 3, None), trip_no=8)
    adds_up(world.trip(8))


def test_all_places_of_a_booking_or_none(world: World) -> None:
    shop = Shopper(world)
    shop.book((0, 3, 2))
    with pytest.raises(Refusal, match="seat_taken"):
        shop.book((0, 3, 1), (0, 3, 2))
    assert shop.book((0, 3, 1)).items[0].seat == 1


def test_gates_verify_the_ticket_by_the_key_directory(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    text = shop.texts(shop.buy((0, 2, 5)))[0]
    box.visit()
    directory = {
        found.key.kid: found
        for found in (certificate.read(body, world.hub.signer.verify_key) for body in box.keys("key", "net").values())
    }
    opened, issuer = ticket.verify(text, directory.get, world.hub.signer.verify_key)
    claims = opened.claims
    assert (claims.trip_no, claims.day, claims.from_idx, claims.to_idx, claims.seat) == (7, DAY, 0, 2, 5)
    with world.hub.database.read() as tx:
        own = nodes.own(tx)
    assert own is not None and (issuer.node_no, issuer.epoch) == (own.node_no, own.epoch)


def test_a_young_ticket_verifies_where_the_directory_has_not_come_yet(world: World) -> None:
    def nothing(_kid: bytes) -> Certificate | None:
        return None

    shop = Shopper(world)
    text = shop.texts(shop.buy((0, 2, 5)))[0]
    assert ticket.verify(text, nothing, world.hub.signer.verify_key)[0].claims.seat == 5


def test_the_vehicle_expects_who_bought_at_the_hub(world: World) -> None:
    shop, bus = Shopper(world), world.box("bus", kind="vehicle")
    with world.hub.database.write() as tx:
        world.hub.boarding.assign_duty(tx, nodes.find(tx, bus.node_no), 7, DAY, "")
    bus.visit()
    sold = shop.buy((0, 3, 3))
    bus.visit()
    key = (shop.now(sold).items[0].ticket_id or b"").hex()
    assert list(bus.keys("manifest", f"trip/7/{DAY}")) == [f"manifest/{key}"]
    shop.refund(sold)
    bus.visit()
    assert list(bus.keys("manifest", f"trip/7/{DAY}")) == []
    assert list(bus.keys("void", f"trip/7/{DAY}")) == [f"void/{key}"]


def test_a_held_place_that_nobody_pays_is_free_again_and_its_ticket_never_issued(world: World) -> None:
    shop = Shopper(world)
    held = shop.book((0, 3, 1))
    world.clock.now_ms = held.expires_ms - 1
    assert world.hub.lapse() == 0
    world.clock.now_ms = held.expires_ms
    with pytest.raises(Refusal, match="booking_over"):
        shop.ticket(held)
    assert world.hub.lapse() == 1 and world.hub.lapse() == 0
    assert shop.now(held).state == "lapsed"
    with pytest.raises(Refusal, match="booking_over"):
        shop.ticket(held)
    assert shop.buy((0, 3, 1)).items[0].seat == 1
    adds_up(world.trip(7))


def test_a_hold_that_lapses_frees_no_seat_of_a_node(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    world.grant(box, 7, 9)
    held = shop.book((0, 3, None))
    world.clock.now_ms = held.expires_ms
    world.hub.lapse()
    assert (world.trip(7).free, world.trip(7).granted) == (3, 27)


def test_a_lapsed_place_goes_to_a_node_that_waits_for_it(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    held = shop.book(*[(0, 3, seat) for seat in range(1, 11)])
    box.append(SeatsAsked(7, DAY, 0, 3, 1))
    box.visit()
    assert box.seats(7) == {}
    world.clock.now_ms = held.expires_ms
    world.hub.lapse()
    box.visit()
    assert len(box.seats(7)) == 1


def test_cancelling_lets_places_go_at_once_and_a_ticket_can_only_be_refunded(world: World) -> None:
    shop = Shopper(world)
    held = shop.book((0, 3, 1))
    assert shop.cancel(held).state == "cancelled" == shop.cancel(held).state
    sold = shop.buy((0, 3, 1))
    with pytest.raises(Refusal, match="booking_over"):
        shop.cancel(sold)


def test_credit_bounds_what_is_ticketed_and_a_refund_gives_it_back(world: World) -> None:
    shop = Shopper(world, limit_minor=5 * FARE_MINOR)
    first = shop.buy((0, 3, 1))
    held = shop.book((0, 3, 2))
    with pytest.raises(Refusal, match="credit_short"):
        shop.ticket(held)
    assert shop.now(held).state == "held" and shop.owed() == 3 * FARE_MINOR
    shop.refund(first)
    shop.ticket(held)
    fee = FARE_MINOR * 3 // 10
    assert shop.owed() == 3 * FARE_MINOR + fee


def test_money_that_a_seller_paid_is_credit_again(world: World) -> None:
    shop = Shopper(world, limit_minor=3 * FARE_MINOR)
    shop.buy((0, 3, 1))
    with world.hub.database.write() as tx:
        world.hub.sellers.pay(tx, shop.seller.seller_no, "CNY", 3 * FARE_MINOR, "bank slip 1", "test")
    shop.buy((0, 3, 2))
    assert shop.owed() == 3 * FARE_MINOR


def test_a_refunded_place_is_on_sale_for_everybody(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    sold = shop.buy(*[(0, 3, seat) for seat in range(1, 11)])
    shop.refund(sold, 4)
    world.grant(box, 7, 1)
    box.visit()
    assert set(box.seats(7)) == {5}
    box.sell(7, 5)
    box.visit()
    assert world.rows(quarantine) == []


def test_a_refund_costs_what_the_bands_of_its_day_say(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 1), (0, 3, 2))
    assert [offer.fee_minor for offer in shop.offers(sold)] == [300, 300]
    world.clock.now_ms += 11 * HOUR_MS
    assert [offer.fee_minor for offer in shop.offers(sold)] == [600, 600]
    with pytest.raises(Refusal, match="refund_fee_changed"):
        shop.refund(sold, 0, fee_minor=300)
    done = shop.refund(sold, 0, fee_minor=600)
    assert (done.items[0].refunded_minor, done.items[0].fee_minor) == (2_400, 600)
    assert [offer.item.idx for offer in shop.offers(sold)] == [1]
    with pytest.raises(Refusal, match="refund_done"):
        shop.refund(sold, 0, fee_minor=600)


def test_who_has_boarded_is_refunded_nothing(world: World) -> None:
    shop, bus = Shopper(world), world.box("bus", kind="vehicle")
    sold = shop.now(shop.buy((0, 3, 1)))
    bus.append(TicketBoarded(sold.items[0].ticket_id or b"", 7, DAY, 0, 3, 1, "door", 0, "", True))
    bus.visit()
    with pytest.raises(Refusal, match="refund_boarded"):
        shop.refund(sold, 0, fee_minor=300)


def test_a_ticket_for_a_refunded_seat_names_the_one_before_it(world: World) -> None:
    shop = Shopper(world)
    first = shop.buy((0, 2, 1))
    shop.refund(first)
    again = shop.texts(shop.buy((1, 3, 1)))[0]
    names = [found.number for found in ticket.parse(again).claims.superseded]
    assert names == shop.numbers(first)
    assert shop.texts(first) == {}
    other = shop.texts(shop.buy((0, 3, 2)))[0]
    assert ticket.parse(other).claims.superseded == ()


def test_the_same_key_gives_the_same_booking_and_another_request_under_it_is_refused(world: World) -> None:
    shop = Shopper(world)
    first = shop.book((0, 3, None), key="order-0001", request="a")
    assert shop.book((0, 3, None), key="order-0001", request="a") == first
    with pytest.raises(Refusal, match="key_differs"):
        shop.book((0, 3, None), key="order-0001", request="b")
    paid = shop.ticket(first, key="order-0002")
    assert shop.ticket(first, key="order-0002") == paid == shop.ticket(first, key="order-0003")
    assert shop.owed() == 3 * FARE_MINOR
    refunded = shop.refund(first, key="order-0004")
    assert shop.refund(first, fee_minor=300, key="order-0004") == refunded
    other = Shopper(world, "Other Travel")
    assert other.book((0, 3, None), key="order-0001", request="a").booking_id != first.booking_id


def test_nobody_sees_or_touches_the_booking_of_another_seller(world: World) -> None:
    shop, other = Shopper(world), Shopper(world, "Other Travel")
    held = shop.book((0, 3, 1))
    for act in (other.ticket, other.cancel, other.offers):
        with pytest.raises(Refusal, match="booking_unknown"):
            act(held)


def test_an_offer_whose_price_changed_and_a_trip_that_left_are_not_sold(world: World) -> None:
    shop = Shopper(world)
    held = shop.book((0, 3, 1))
    world.clock.now_ms = Trip(7).departs_ms(DAY, 0)
    with world.hub.database.write() as tx:
        tx.execute(sa.text("UPDATE booking SET expires_ms = expires_ms + 1000000000"))
    with pytest.raises(Refusal, match="departed"):
        shop.ticket(held)
    with pytest.raises(Refusal, match="departed"):
        shop.book((0, 3, 2))
    assert shop.book((1, 3, 2)).items[0].seat == 2


def test_where_travellers_are_named_the_hub_sells_to_nobody_without_a_name(world: World) -> None:
    shop = Shopper(world)
    given = RealNameRules("gd", "notice no. 1", 0, None, True, (), (3,), 400)
    with world.hub.database.write() as tx:
        streams.publish(tx, NET, given.key, given.to_bytes())
    with pytest.raises(Refusal, match="document_missing"):
        shop.book((0, 3, 1))
    with world.hub.database.write() as tx:
        streams.publish(tx, NET, given.key, replace(given, route_types=(4,)).to_bytes())
    shop.book((0, 3, 1))


def test_a_seller_holds_only_so_many_places_without_paying(hub_database_url: str, tmp_path: Path) -> None:
    with new_world(hub_database_url, tmp_path, held_places=3) as world:
        shop = Shopper(world)
        shop.book((0, 3, 1), (0, 3, 2))
        with pytest.raises(Refusal, match="places_held"):
            shop.book((0, 3, 3), (0, 3, 4))
        shop.ticket(shop.book((0, 3, 3)))
        shop.book((0, 3, 4))


def test_the_own_log_is_a_chain_like_any_other_and_rebuilds_to_the_same(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 1), (0, 3, 2))
    shop.refund(sold, 1)
    shop.cancel(shop.book((0, 3, 3)))
    log = world.rows(event_log)
    assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
    previous = chain.GENESIS
    for row in log:
        previous = chain.link(previous, bytes(row["bytes"]))
        assert previous == bytes(row["hash"])
    key = world.rows(node_key)[0]
    assert (key["head_seq"], bytes(key["head_hash"])) == (len(log), previous)
    before = [world.rows(table) for table in (seller_entry, seller_sum)]
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    assert [world.rows(table) for table in (seller_entry, seller_sum)] == before
    assert len(before[0]) == 3


def test_a_box_that_says_it_sold_on_account_is_quarantined_and_charges_nobody(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    world.grant(box, 7, 2)
    box.sell(7, 1, payment=ACCOUNT, clerk_no=shop.seller.seller_no)
    box.visit()
    assert list(box.quarantined.values()) == ["account_not_hub"]
    assert shop.owed() == 0 and world.rows(seller_entry) == []
    with world.hub.database.read() as tx:
        assert [line.state for line in ticketing.sales(tx)] == ["quarantined"]


def test_a_restored_hub_sells_nothing_until_it_knows_what_was_granted_and_then_in_a_new_log(world: World) -> None:
    shop = Shopper(world)
    before = shop.buy((0, 3, 1))
    held = shop.book((0, 3, 2))
    with world.hub.database.write() as tx:
        world.hub.recovery.begin(tx, "test")
    with pytest.raises(Refusal, match="hub_recovering"):
        shop.book((0, 3, 3))
    with world.hub.database.write() as tx:
        world.hub.recovery.finish(tx, "test")
    with pytest.raises(Refusal, match="booking_over"):
        shop.ticket(held)
    after = shop.buy((0, 3, 3))
    ids = [TicketId.from_bytes(shop.now(made).items[0].ticket_id or b"") for made in (before, after)]
    assert ids[0].node_no == ids[1].node_no and ids[1].epoch > ids[0].epoch + 1
    with pytest.raises(Refusal, match="refund_past"):
        shop.refund(before, fee_minor=300)
    assert shop.texts(before)[0] != shop.texts(after)[0]
    with pytest.raises(Refusal, match="seat_taken"):
        shop.book((0, 3, 2))  # whether it was sold before the backup nobody knows
    adds_up(world.trip(7))


def test_a_revoked_own_key_sells_no_more_until_another_log_is_begun(world: World) -> None:
    shop = Shopper(world)
    before = shop.buy((0, 3, 1))
    with pytest.raises(Refusal, match="hub_not_barred"), world.hub.database.write() as tx:
        world.hub.own.begin_again(tx)
    with world.hub.database.write() as tx:
        own = nodes.own(tx)
        assert own is not None
        world.hub.nodes.revoke(tx, own.node_no, "test")
    with pytest.raises(Refusal, match="hub_barred"):
        shop.book((0, 3, 2))
    with world.hub.database.write() as tx:
        epoch = world.hub.own.begin_again(tx)
    after = shop.buy((0, 3, 2))
    ids = [TicketId.from_bytes(shop.now(made).items[0].ticket_id or b"") for made in (before, after)]
    assert [one.epoch for one in ids] == [epoch - 1, epoch] and world.rows(quarantine) == []
    adds_up(world.trip(7))


def test_no_box_can_be_enrolled_as_the_hub(world: World) -> None:
    Shopper(world).buy((0, 3, 1))
    with pytest.raises(Refusal, match="node_is_hub"), world.hub.database.write() as tx:
        own = nodes.own(tx)
        assert own is not None
        world.hub.enrolment.new_code(tx, own.node_no)


def test_each_hub_process_signs_with_the_same_key(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 1))
    other = world.again()
    theirs = Shopper(replace(world, hub=other.hub))
    assert theirs.texts(sold) == shop.texts(sold)
    theirs.buy((0, 3, 2))
    shop.buy((0, 3, 3))
    assert len(world.rows(node_key)) == 1 and world.rows(quarantine) == []
    other.hub.close()


def test_refunds_of_the_hub_stand_in_the_list_of_void_tickets(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 1))
    shop.refund(sold)
    assert [bytes(row["ticket_id"]) for row in world.rows(void_ticket)] == [shop.now(sold).items[0].ticket_id]
