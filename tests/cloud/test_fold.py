"""What a bad event does (nothing to the others), and that state is a fold of the log whatever the batches."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from cloud.domains.ticketing.tables import sale_sum, serial_end, ticket
from cloud.kernel import fleet, rebuild
from cloud.kernel.fold import Received
from cloud.kernel.tables import event_log, quarantine, state_tables, unknown_event
from sync.domains.boarding.events import BoardingRefused, GateOpened, TicketBoarded
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ratings.events import TripRated
from sync.kernel import cbor, exchange
from sync.kernel.errors import Refusal
from sync.kernel.events import ClerkLocked, NodeStarted
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, Trip, World


def codes(world: World) -> dict[int, str]:
    return {row["seq"]: row["code"] for row in world.rows(quarantine)}


def busy(world: World, box: Box, rounds: int = 40) -> None:
    """A day with everything in it, right and wrong."""
    dice = random.Random(5)
    box.append(NodeStarted(b"boot", "1.0"))
    world.timetable.trips[8] = Trip(8, seat_plan_kind="free")
    world.grant(box, 7, 6)
    world.grant(box, 8, 6)
    box.visit()
    for number in range(rounds):
        kind = dice.randrange(8)
        seat = dice.randint(1, 10)
        ticket_id = TicketId(box.node_no, 1, dice.randint(1, 9)).to_bytes()
        if kind < 3:
            box.sell(7, seat, dice.randint(0, 1), dice.randint(2, 3))
        elif kind == 3:
            box.sell(8, 0, 0, dice.randint(1, 3))
        elif kind == 4:
            box.append(TicketBoarded(ticket_id, 7, DAY, 0, 3, seat, "g", 1, "ABCD", True))
        elif kind == 5:
            box.append(dice.choice([GateOpened(ticket_id, "g"), BoardingRefused("forged", b"", 7, DAY, "g", 1)]))
        elif kind == 6:
            box.append(TripRated(ticket_id, 7, DAY, dice.randint(1, 5), ("clean",), "好", "zh-Hans"))
        elif number % 2:
            box.append(cbor.encode([99, 1, number << 16, 0, 0, ["new"]]))
        else:
            box.give_back(box.grants(7)[0], [(seat, 0b111)], [])
    box.append(ClerkLocked(1, 5, 1000))


def test_an_event_that_breaks_a_rule_blocks_nothing_behind_it(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 3)
    box.sell(7, 1)
    box.sell(7, 9)
    box.sell(7, 2)
    answer = box.send(box.request())
    assert answer.acked_seq == 3 and answer.quarantined == ((2, "outside_grant"),)
    assert len(world.rows(ticket)) == 3 and codes(world) == {2: "outside_grant"}
    assert box.send(box.request()).quarantined == answer.quarantined


def test_bytes_that_are_no_event_are_kept_and_shown(world: World) -> None:
    box = world.box("a")
    for data in (
        b"",
        b"\xff",
        b"\x01",
        cbor.encode([10, 1, 0, 0, 0]),
        cbor.encode([10, 1, 0, 0, 0, [1]]),
        bytes(20_000),
    ):
        box.append(data)
    box.append(NodeStarted(b"boot", "1.0"))
    assert box.visit().acked_seq == 7
    assert codes(world) == dict.fromkeys(range(1, 7), "event_shape")
    assert [row["bytes"] for row in world.rows(event_log)] == box.log


def test_an_event_of_an_unknown_type_is_kept_and_counted(world: World) -> None:
    box = world.box("a")
    box.append(cbor.encode([4711, 3, 5, 5, 5, ["what", {"a": 1}]]))
    assert not box.visit().quarantined
    assert [(row["type"], row["version"]) for row in world.rows(unknown_event)] == [(4711, 3)]


def test_a_newer_version_that_we_cannot_read_is_kept_as_unknown(world: World) -> None:
    box = world.box("a")
    box.append(cbor.encode([10, 9, 5, 5, 5, ["a body of the future"]]))
    assert not box.visit().quarantined and len(world.rows(unknown_event)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trip_no": 1 << 70}, "event_range"),
        ({"price_minor": -1}, "event_range"),
        ({"price_minor": 1 << 50}, "price_range"),
        ({"to_idx": 1 << 40}, "ride_order"),
        ({"from_idx": 3, "to_idx": 3}, "ride_order"),
        ({"serial": 0}, "serial_range"),
        ({"serial": 1 << 40}, "serial_range"),
        ({"currency": "C\x00Y"}, "event_text"),
        ({"trip_no": (1 << 62)}, "outside_grant"),
        ({"seat": (1 << 62)}, "outside_grant"),
        ({"day": (1 << 62)}, "outside_grant"),
    ],
)
def test_no_number_stops_the_hub(world: World, changes: dict[str, int], code: str) -> None:
    box = world.box("a")
    world.grant(box, 7, 3)
    box.sell(**{"trip_no": 7, "seat": 1} | changes)
    box.append(NodeStarted(b"boot", "1.0"))
    assert box.visit().acked_seq == 2
    assert codes(world) == {1: code}


def test_a_log_whose_only_sale_has_no_good_number_has_no_last_one_and_then_begins_at_one(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 3)
    box.sell(7, 1, serial=0)
    box.visit()
    assert world.rows(serial_end) == []
    box.sell(7, 2, serial=1)
    box.sell(7, 3, serial=3)
    box.visit()
    assert [(row["last_serial"], row["missing"]) for row in world.rows(serial_end)] == [(3, 1)]


def test_numbers_beyond_the_timetable_stop_nothing_elsewhere(world: World) -> None:
    box = world.box("a")
    far = (1 << 62) + 1
    ticket_id = TicketId(1, 1, 1).to_bytes()
    for event in (
        SeatsAsked(far, far, 0, 2, 1),
        TicketBoarded(ticket_id, far, far, far, far, far, "g" * 5_000, far, "x", True),
        BoardingRefused("r" * 5_000, b"", far, far, "g", far),
        TripRated(ticket_id, far, far, 5, (), "", "x" * 3_000),
        GateOpened(b"", "g"),
        ClerkLocked(far, far, far),
        NodeStarted(bytes(9_000), "v" * 3_000),
    ):
        box.append(event)
    box.visit()
    assert codes(world) == {5: "ticket_id"}


def test_a_person_notes_what_was_done_about_a_quarantined_event(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    box.visit()
    with world.hub.database.write() as tx:
        pos = fleet.quarantined_events(tx, open_only=True)[0].pos
        fleet.note_quarantine(tx, pos, "rebooked", "Wang", world.clock.now_ms)
        assert fleet.quarantined_events(tx, open_only=True) == []
        assert fleet.quarantined_events(tx)[0].by == "Wang"
        with pytest.raises(Refusal):
            fleet.note_quarantine(tx, pos + 1, "x", "Wang", 0)


def test_a_rebuild_gives_the_same_bytes(world: World) -> None:
    box = world.box("a")
    busy(world, box)
    box.visit(most=7)
    assert len(world.rows(sale_sum)) > 2 and len(codes(world)) > 3
    done = rebuild.rebuild(world.hub.database, world.hub.fold, keep=False)
    assert done.events == len(box.log) and done.differing == []
    assert done.tables == len(state_tables())


def test_a_rebuild_mends_what_was_damaged(world: World) -> None:
    box = world.box("a")
    busy(world, box)
    box.visit()
    with world.hub.database.write() as tx:
        before = rebuild.digests(tx)
        tx.execute(sa.delete(ticket))
        tx.execute(sa.update(quarantine).values(detail="x"))
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=True).differing == ["quarantine", "ticket"]
    with world.hub.database.read() as tx:
        assert rebuild.digests(tx) == before


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_how_the_log_is_cut_into_batches_changes_nothing(world: World, size: int) -> None:
    box = world.box("a")
    busy(world, box)
    box.visit()
    with world.hub.database.write() as tx:
        before = rebuild.digests(tx)
        for table in reversed(state_tables()):
            tx.execute(sa.delete(table))
        rows = tx.execute(sa.select(event_log).order_by(event_log.c.pos)).all()
        fold = world.hub.fold
        read = fold.read([row.bytes for row in rows])
        every = [Received(row.pos, row.node_no, row.epoch, row.seq, *one) for row, one in zip(rows, read, strict=True)]
        for start in range(0, len(every), size):
            fold.apply(tx, every[start : start + size])
        assert rebuild.digests(tx) == before


def test_a_request_of_the_largest_size_is_taken(world: World) -> None:
    box = world.box("a")
    for _ in range(exchange.MAX_EVENTS):
        box.append(cbor.encode([98, 1, 1, 1, 1, [bytes(480)]]))
    assert box.visit().acked_seq == exchange.MAX_EVENTS
