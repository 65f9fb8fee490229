"""Named travellers at the hub: what a box may write, one document one ticket, looking, and erasing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.ticketing import service
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.domains.ticketing.tables import sealing_period, ticket, traveller
from cloud.kernel import streams
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketRefunded, TicketSold
from sync.domains.ticketing.office import sealing
from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.kernel import cbor
from sync.kernel.days import DAY_MS
from sync.kernel.documents import Document
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, TestIds, World, new_world
from tests.support.documents import full_name, resident_id

PERIOD = 202607  # the month of DAY
RULES = RealNameRules("gd", "a notice", DAY, None, True, (), (), 365)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        publish(made)
        yield made


def publish(world: World, given: RealNameRules = RULES) -> None:
    with world.hub.database.write() as tx:
        publish_real_name_rules(tx, given, given.from_day)
        world.hub.sealing.provide(tx)


def key_of(world: World, period: int = PERIOD) -> SealingKey:
    with world.hub.database.read() as tx:
        body = streams.body(tx, NET, f"sealing/{period}")
    assert body is not None
    return SealingKey.from_bytes(body)


def name(world: World, box: Box, seq: int, which: int, **more: Any) -> int:
    """Name the traveller of the sale that is event ``seq`` of the box's log."""
    sold = EVENTS.decode(box.log[seq - 1]).event
    assert isinstance(sold, TicketSold)
    document = Document("resident_id", resident_id(which), full_name(which))
    ids = TestIds(f"box {box.node_no} {len(box.log)}")
    made = sealing.name_traveller(document, sold.trip_no, sold.day, key_of(world), ids)
    return box.append(dataclasses.replace(made, **{"serial": sold.serial, **more}))


def number_of(box: Box, seq: int) -> str:
    sold = EVENTS.decode(box.log[seq - 1]).event
    assert isinstance(sold, TicketSold)
    return TicketId(box.node_no, box.epoch, sold.serial).number


def give_back(box: Box, seq: int) -> int:
    sold = EVENTS.decode(box.log[seq - 1]).event
    assert isinstance(sold, TicketSold)
    ticket_id = TicketId(box.node_no, box.epoch, sold.serial).to_bytes()
    return box.append(
        TicketRefunded(ticket_id, sold.trip_no, sold.day, sold.from_idx, sold.to_idx, sold.seat, 0, sold.price_minor,
                       sold.currency, 0, 1, "default/0", 1, True)
    )  # fmt: skip


def codes(world: World) -> list[str]:
    """What was put aside of names; whether the seats were the box's to sell is another matter."""
    return [row["code"] for row in world.rows(quarantine) if row["code"] != "outside_grant"]


def test_no_keys_are_made_before_a_rule_wants_names_and_then_of_four_months(
    hub_database_url: str, tmp_path: Path
) -> None:
    with new_world(hub_database_url, tmp_path) as world:
        box = world.box("a")
        assert world.rows(sealing_period) == []
        publish(world)
        made = [row["period"] for row in world.rows(sealing_period)]
        assert made == [202607, 202608, 202609, 202610]
        box.visit()
        assert {f"sealing/{period}" for period in made} == set(box.keys("sealing", NET))


def test_each_month_brings_the_keys_of_one_more_and_changes_no_other(world: World) -> None:
    box, before = world.box("a"), key_of(world)
    world.clock.now_ms += 31 * DAY_MS
    box.visit()
    box.visit()
    assert [row["period"] for row in world.rows(sealing_period)][-1] == 202611
    assert key_of(world) == before


def test_keys_of_an_older_hub_are_told_anew_with_what_this_one_reads_and_are_the_same(world: World) -> None:
    before = key_of(world)
    assert before.contexts
    with world.hub.database.write() as tx:
        streams.publish(tx, NET, before.key, cbor.encode([*cbor.decode(before.to_bytes())[:-1]]))
    assert not key_of(world).contexts
    with world.hub.database.write() as tx:
        head = streams.heads(tx, [NET])[NET]
        world.hub.sealing.provide(tx)
        world.hub.sealing.provide(tx)
        assert streams.heads(tx, [NET])[NET] == head + 1
    assert key_of(world) == before


def test_what_a_box_sealed_together_is_read_by_the_hub_one_by_one(world: World) -> None:
    box = world.box("a")
    key, ids = key_of(world), TestIds("a party")
    together = sealing.sealer_to(key, ids)
    serials = []
    for which in (1, 2):
        seq = box.sell(7, which)
        sold = EVENTS.decode(box.log[seq - 1]).event
        assert isinstance(sold, TicketSold)
        document = Document("resident_id", resident_id(which), full_name(which))
        made = sealing.name_traveller(document, sold.trip_no, sold.day, key, ids, together)
        box.append(dataclasses.replace(made, serial=sold.serial))
        serials.append(number_of(box, seq))
    box.visit()
    assert codes(world) == []
    with world.hub.database.write() as tx:
        assert [world.hub.sealing.reveal(tx, one).number for one in serials] == [resident_id(1), resident_id(2)]


def test_a_number_of_thousands_of_digits_in_what_was_sealed_is_put_aside_and_blocks_nothing(world: World) -> None:
    box = world.box("a")
    seq = box.sell(7, 1)
    rubbish = cbor.encode([1 << 8 * 1_900, bytes(4), bytes(32), bytes(16)])
    name(world, box, seq, 1, sealed=rubbish)
    box.sell(7, 2)
    box.visit()
    assert codes(world) == ["traveller_form"]
    assert len(world.rows(ticket)) == 2


def test_the_hubs_secret_is_in_no_row_in_clear(world: World) -> None:
    key = key_of(world)
    row = world.rows(sealing_period)[0]
    assert row["public"] == key.public
    assert len(row["wrapped"]) > 32
    folder = world.hub.settings.data
    assert ((folder / "identity.key").stat().st_mode & 0o077) == 0
    assert (folder / "identity.key").read_bytes() not in row["wrapped"]


def test_a_named_traveller_is_counted_and_shown_masked(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    name(world, box, sold, 1)
    box.visit()
    assert codes(world) == []
    with world.hub.database.read() as tx:
        found = world.hub.sealing.named(tx, number_of(box, sold))
    assert found.masked is not None
    number = resident_id(1)
    assert found.masked.number == number[:4] + "*" * 10 + number[-4:]
    assert found.masked.name == full_name(1)[0] + "**"
    assert (found.trip_no, found.day, found.period, found.state) == (7, DAY, PERIOD, "ok")


def test_who_has_the_right_sees_the_document(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    name(world, box, sold, 1)
    box.visit()
    with world.hub.database.write() as tx:
        found = world.hub.sealing.reveal(tx, number_of(box, sold))
    assert (found.number, found.name) == (resident_id(1), full_name(1))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"serial": 99}, "traveller_unknown_ticket"),
        ({"trip_no": 8}, "traveller_differs"),
        ({"day": DAY + 1}, "traveller_differs"),
        ({"check": b"short"}, "traveller_form"),
        ({"document_type": 40}, "traveller_form"),
        ({"masked": b""}, "traveller_form"),
        ({"sealed": b"\x80"}, "traveller_form"),
        ({"sealed": cbor.encode([9, bytes(4), bytes(32), bytes(16)])}, "traveller_form"),
    ],
)
def test_what_a_lying_box_writes_is_put_aside_and_the_sale_stands(
    world: World, more: dict[str, Any], code: str
) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    name(world, box, box.sell(7, 1), 1, **more)
    box.visit()
    assert codes(world) == [code]
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (1, 5000)}


def test_a_ticket_has_one_traveller(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    name(world, box, sold, 1)
    name(world, box, sold, 2)
    box.visit()
    assert codes(world) == ["traveller_twice"]


def test_one_document_with_two_tickets_of_a_trip_is_seen_across_boxes(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 2)
    world.grant(second, 7, 2)
    seats = [first.sell(7, 1), second.sell(7, 3)]
    name(world, first, seats[0], 1)
    name(world, second, seats[1], 1)
    first.visit()
    second.visit()
    assert codes(world) == ["document_twice"]
    assert world.rows(quarantine)[-1]["detail"] == number_of(first, seats[0])
    assert world.rows(quarantine)[-1]["node_no"] == second.node_no


def test_another_trip_another_day_or_another_document_is_none_of_its_business(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 3)
    for which, (trip_no, seat, day) in zip(
        (1, 2, 1, 1), ((7, 1, DAY), (7, 2, DAY), (8, 1, DAY), (7, 1, DAY + 1)), strict=True
    ):
        name(world, box, box.sell(trip_no, seat, day=day), which)
    box.visit()
    assert codes(world) == []


def test_a_ticket_that_was_given_back_before_does_not_count_and_one_given_back_later_does(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 2)
    world.grant(second, 7, 2)
    sold = first.sell(7, 1)
    name(world, first, sold, 1)
    give_back(first, sold)
    first.visit()
    again = second.sell(7, 3)
    name(world, second, again, 1)
    second.visit()
    assert codes(world) == []
    third = first.sell(7, 2)
    name(world, first, third, 1)
    give_back(first, third)
    first.visit()
    assert codes(world) == ["document_twice"]


def test_how_the_log_is_cut_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    for which, seat in ((1, 1), (1, 2), (2, 3)):
        name(world, box, box.sell(7, seat), which)
        box.visit()
    give_back(box, box.log.index(next(one for one in box.log if EVENTS.decode(one).type == TicketSold.TYPE)) + 1)
    name(world, box, box.sell(7, 4), 1)
    box.visit()
    before = world.rows(traveller)
    for size in (1, 3, 1000):
        monkeypatch.setattr("cloud.kernel.fold.BATCH", size)
        assert rebuild(world.hub.database, world.hub.fold, keep=True).differing == []
        assert world.rows(traveller) == before
    assert [row["state"] for row in before] == ["ok", "quarantined", "ok", "ok"]


def test_what_is_over_is_erased_for_good_and_the_books_stay(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    sold = box.sell(7, 1)
    name(world, box, sold, 1)
    box.visit()
    world.clock.now_ms += 365 * DAY_MS  # the month is over since less than a year
    with world.hub.database.write() as tx:
        assert world.hub.sealing.erase(tx) == []
    world.clock.now_ms += 10 * DAY_MS
    with world.hub.database.read() as tx:
        assert [one.period for one in world.hub.sealing.periods(tx) if one.due] == [PERIOD]
        before = service.totals(tx)
    with world.hub.database.write() as tx:
        assert world.hub.sealing.erase(tx) == [PERIOD]
    world.hub.database.forget_erased(sealing_period)
    with world.hub.database.write() as tx:
        with pytest.raises(Refusal, match="identity_erased"):
            world.hub.sealing.reveal(tx, number_of(box, sold))
        assert world.hub.sealing.named(tx, number_of(box, sold)).masked is None
        assert service.totals(tx) == before == {"CNY": (1, 5000)}
        assert world.hub.sealing.erase(tx) == [], "once is enough"
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    box.visit()
    assert f"sealing/{PERIOD}" not in box.keys("sealing", NET)


def test_the_secret_of_an_erased_month_is_in_no_file_of_the_hub(tmp_path: Path) -> None:
    with new_world(f"sqlite:///{tmp_path}/hub.sqlite", tmp_path) as world:
        publish(world)
        secret = next(row for row in world.rows(sealing_period) if row["period"] == PERIOD)["wrapped"]

        def there() -> bool:
            return any(secret in path.read_bytes() for path in tmp_path.glob("hub.sqlite*"))

        assert there(), "else this test would find nothing whatever was done"
        world.clock.now_ms += 400 * DAY_MS
        with world.hub.database.write() as tx:
            world.hub.sealing.erase(tx)
        world.hub.database.forget_erased(sealing_period)
        assert not there()


def test_a_longer_time_of_keeping_counts_for_all(world: World) -> None:
    publish(world, dataclasses.replace(RULES, from_day=DAY + 10, agency_no=3, keep_days=800))
    world.clock.now_ms += 500 * DAY_MS
    with world.hub.database.write() as tx:
        assert world.hub.sealing.erase(tx) == []


def test_a_shorter_time_than_the_law_allows_is_no_rule(world: World) -> None:
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="realname_rules_odd"):
        publish_real_name_rules(tx, dataclasses.replace(RULES, from_day=DAY + 1, keep_days=364), DAY)
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="refund_rules_past"):
        publish_real_name_rules(tx, RULES, DAY)


def test_what_a_box_sealed_badly_says_so(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    first, second = box.sell(7, 1), box.sell(7, 2)
    name(world, box, first, 1)
    name(world, box, second, 2, check=bytes(8))
    box.visit()
    assert codes(world) == [], "nobody can see it without looking"
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="identity_unreadable"):
        world.hub.sealing.reveal(tx, number_of(box, second))
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="traveller_unknown"):
        world.hub.sealing.reveal(tx, TicketId(box.node_no, 1, 77).number)
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="ticket_number_form"):
        world.hub.sealing.reveal(tx, "77")
