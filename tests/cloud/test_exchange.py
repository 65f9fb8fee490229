"""One request both ways: repeated, cut short, altered, out of order, from a copied or restored disk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.domains.ticketing.tables import ticket
from cloud.kernel import streams
from cloud.kernel.tables import event_log, held_tail, issue, node_key
from sync.kernel import exchange
from sync.kernel.certificate import Revocation
from sync.kernel.errors import Malformed
from sync.kernel.events import NodeStarted
from tests.cloud.world import Box, World

STARTED = NodeStarted(b"boot", "1.0")


def held(world: World) -> list[tuple[int, bytes]]:
    return [(row["seq"], row["bytes"]) for row in world.rows(event_log)]


def test_events_are_held_once_in_the_nodes_order(world: World) -> None:
    box = world.box("a")
    for seat in range(1, 6):
        box.sell(7, seat)
    answer = box.visit(most=2)
    assert answer.status == exchange.OK and answer.acked_seq == 5
    assert [data for _, data in held(world)] == box.log
    assert len(world.rows(ticket)) == 5


def test_a_request_sent_again_changes_nothing_and_is_answered_alike(world: World) -> None:
    box = world.box("a")
    box.visit()
    box.sell(7, 1)
    request = box.request()
    first, before = box.send(request), world.rows(event_log)
    second = box.send(request)
    assert (first.status, first.acked_seq, first.quarantined) == (second.status, second.acked_seq, second.quarantined)
    assert world.rows(event_log) == before


def test_a_lost_acknowledgement_costs_one_batch_sent_again(world: World) -> None:
    box = world.box("a")
    for seat in range(1, 5):
        box.sell(7, seat)
    box.send(box.request(most=3))
    answer = box.visit()
    assert answer.acked_seq == 4 and len(held(world)) == 4


def test_an_older_request_that_arrives_late_changes_nothing(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    old = box.request()
    box.visit()
    box.sell(7, 2)
    box.visit()
    box.send(old)
    assert len(held(world)) == 2
    assert box.visit().status == exchange.OK
    assert not [row for row in world.rows(issue) if row["closed_ms"] is None]


def test_a_hub_that_lacks_events_asks_for_them(world: World) -> None:
    box = world.box("a")
    for seat in range(1, 5):
        box.sell(7, seat)
    box.visit(most=2)
    with world.hub.database.write() as tx:  # as a hub that was restored from a backup
        tx.execute(sa.delete(event_log).where(event_log.c.seq > 2))
        tx.execute(sa.update(node_key).values(head_seq=2, head_hash=box.hashes[2]))
        world.hub.fold.rebuild(tx)
    box.sell(7, 5)
    assert box.send(box.request()).status == exchange.RESTORED
    box.present()
    assert box.send(box.request()).status == exchange.RESEND
    assert box.visit().acked_seq == 5
    assert [data for _, data in held(world)] == box.log


def test_a_copied_disk_is_seen_and_both_tails_are_kept(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    box.visit()
    copy = Box(world.hub, box.node_no, box.code, "a")
    copy.epoch, copy.log, copy.hashes = box.epoch, list(box.log), list(box.hashes)
    copy.acked, copy.serial, copy.floor = box.acked, box.serial, box.floor
    box.sell(7, 2)
    box.visit()
    copy.sell(7, 3)
    answer = copy.visit()
    assert answer.status == exchange.FORKED and answer.acked_seq == 1 and not answer.operations
    assert [data for _, data in held(world)] == box.log
    assert copy.log[1] in world.rows(held_tail)[0]["events"]
    box.sell(7, 4)
    assert box.visit().status == exchange.FORKED
    assert len(world.rows(event_log)) == 2 and len(world.rows(held_tail)) == 2
    assert [row["code"] for row in world.rows(issue)] == ["forked"]


def test_a_forked_key_is_revoked_for_everybody(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    box.sell(7, 1)
    box.visit()
    forged = Box(world.hub, box.node_no, box.code, "a")
    forged.epoch = box.epoch
    forged.append(STARTED)
    assert forged.visit().status == exchange.FORKED
    other.visit()
    body = other.body("net", f"revoked/{box.signer.kid.hex()}")
    assert body is not None and Revocation.from_bytes(body).last_serial == 1


def test_a_forked_node_goes_on_with_a_new_code(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    box.visit()
    forged = Box(world.hub, box.node_no, box.code, "a")
    forged.epoch = box.epoch
    forged.append(STARTED)
    forged.visit()
    fresh = world.replace_box(box, "a2")
    fresh.append(STARTED)
    assert fresh.visit().status == exchange.OK and fresh.epoch == 2


def test_a_node_restored_from_a_backup_is_told_that_it_was_rewound(world: World) -> None:
    box = world.box("a")
    for seat in range(1, 4):
        box.sell(7, seat)
    box.visit()
    old = Box(world.hub, box.node_no, box.code, "a")
    old.epoch, old.log, old.hashes, old.acked = box.epoch, box.log[:1], box.hashes[:2], 1
    answer = old.visit()
    assert answer.status == exchange.REWOUND and answer.acked_seq == 3
    assert [row["code"] for row in world.rows(issue)] == ["rewound"]
    box.floor = 0
    assert box.visit().status == exchange.OK
    assert world.rows(issue)[0]["closed_ms"] is not None


def test_a_node_that_says_how_much_it_still_has_is_not_taken_for_rewound(world: World) -> None:
    box = world.box("a")
    for seat in range(1, 6):
        box.sell(7, seat)
    box.send(box.request())
    box.waiting = 3
    answer = box.send(box.request(most=2))
    assert answer.status == exchange.OK and answer.acked_seq == 5


def test_a_revoked_node_adds_nothing_and_hears_nothing(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen")
    box.sell(7, 2)
    answer = box.visit()
    assert answer.status == exchange.REVOKED and answer.acked_seq == 1 and not answer.operations
    assert len(held(world)) == 1


def test_the_old_box_may_still_deliver_what_it_sold_after_it_was_replaced_and_is_told(world: World) -> None:
    box = world.box("a")
    box.visit()
    box.sell(7, 1)
    fresh = world.replace_box(box, "a2")
    answer = box.send(box.request())
    assert answer.status == exchange.REPLACED and answer.acked_seq == 1 and not answer.operations
    assert fresh.visit().status == exchange.OK


def test_no_byte_of_a_request_may_change(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    data = exchange.encode_request(box.request(), box.signer)
    for at in range(len(data)):
        for flip in (0x01, 0x80):
            altered = bytearray(data)
            altered[at] ^= flip
            with pytest.raises(Malformed):
                world.hub.exchange.answer(bytes(altered))
    assert not held(world)


def test_a_request_signed_by_another_node_is_refused(world: World) -> None:
    box, thief = world.box("a"), Box(world.hub, 99, "", "thief")
    box.sell(7, 1)
    with pytest.raises(Malformed) as refused:
        world.hub.exchange.answer(exchange.encode_request(box.request(), thief.signer))
    assert refused.value.code == "cose_unknown_key"


def test_an_answer_fits_no_other_request(world: World) -> None:
    box = world.box("a")
    first, second = (exchange.encode_request(box.request(), box.signer) for _ in range(2))
    key = world.hub.signer.verify_key
    with pytest.raises(Malformed):
        exchange.decode_response(world.hub.exchange.answer(first), second, lambda _kid: key)


def test_the_epoch_must_be_the_keys_own(world: World) -> None:
    box = world.box("a")
    with pytest.raises(Malformed) as refused:
        box.send(box.request(epoch=2))
    assert refused.value.code == "exchange_epoch"


@pytest.mark.parametrize("changes", [{"floor": 1 << 62}, {"number": 1 << 63}, {"exceptions": {"net": 1 << 62}}])
def test_numbers_that_no_database_holds_are_refused(world: World, changes: dict[str, Any]) -> None:
    box = world.box("a")
    with pytest.raises(Malformed):
        box.send(replace(box.request(), **changes))


def test_more_than_a_batch_is_refused_whole(world: World) -> None:
    box = world.box("a")
    events = tuple([b"\x00"] * (exchange.MAX_EVENTS + 1))
    with pytest.raises(Malformed) as refused:
        box.send(replace(box.request(), events=events))
    assert refused.value.code == "exchange_size" and not held(world)


def test_a_hub_behind_its_nodes_never_gives_a_position_twice(world: World) -> None:
    box = world.box("a")
    box.visit()
    box.floor = seen = box.floor + 1_000
    assert box.send(box.request()).status == exchange.RESTORED
    box.present()
    box.sell(7, 1)
    box.visit()
    assert min(world.rows(event_log)[0]["pos"], box.floor) > seen
    assert [row["code"] for row in world.rows(issue)] == ["hub_was_behind"]


def test_nodes_are_told_to_come_back_at_different_times(world: World) -> None:
    pauses = {world.box(f"n{i}").visit().come_back_ms for i in range(6)}
    assert len(pauses) > 4 and all(48_000 <= pause <= 72_000 for pause in pauses)


def news(world: World) -> None:
    """Something that every node lacks."""
    with world.hub.database.write() as tx:
        streams.publish(tx, "net", "clerk/99", b"x")


def busy(world: World) -> None:
    """As many have handed in sales in this second as the hub serves."""
    for _ in range(world.hub.settings.turns_per_s):
        world.hub.exchange._turns.hand_in(world.clock.now_ms)


def test_a_node_that_only_wants_to_fetch_is_told_its_turn_while_the_hub_is_busy(world: World) -> None:
    box = world.box("a")
    box.visit()
    news(world)
    busy(world)
    writes = statements(world)
    answer = box.send(box.request())
    assert (answer.status, answer.operations, answer.floor, answer.more) == (exchange.OK, (), box.floor, False)
    assert not [one for one in writes if one.split()[0] not in ("SELECT", "BEGIN", "SET", "SHOW")], writes
    world.clock.now_ms += answer.come_back_ms
    busy(world)
    assert box.send(box.request()).operations


def test_a_node_with_sales_is_served_however_busy_the_hub_is(world: World) -> None:
    box = world.box("a")
    box.visit()
    news(world)
    busy(world)
    box.sell(7, 1)
    answer = box.send(box.request())
    assert answer.acked_seq == 1 and answer.operations


def test_a_node_with_nothing_to_fetch_gets_its_answer_however_busy_the_hub_is(world: World) -> None:
    box = world.box("a")
    box.visit()
    busy(world)
    assert 48_000 <= box.send(box.request()).come_back_ms <= 72_000


def test_another_process_keeps_the_turn_that_a_node_was_given(world: World) -> None:
    box = world.box("a")
    box.visit()
    news(world)
    busy(world)
    turn = box.send(box.request()).come_back_ms
    world.hub.contacts.flush(world.hub.database)
    other = world.again()
    box.hub = other.hub
    for wait, served in ((turn - 5_000, False), (5_000, True)):
        world.clock.now_ms += wait
        busy(other)
        assert bool(box.send(box.request()).operations) is served


def statements(world: World) -> list[str]:
    """What is sent to the database from now on."""
    sent: list[str] = []
    sa.event.listen(
        world.hub.database.engine, "before_cursor_execute", lambda _c, _cur, statement, *_: sent.append(statement)
    )
    return sent


def test_a_quiet_request_writes_nothing(world: World) -> None:
    box = world.box("a")
    box.visit()
    writes = statements(world)
    answer = box.send(box.request())
    assert answer.status == exchange.OK and not answer.operations
    assert not [one for one in writes if one.split()[0] not in ("SELECT", "BEGIN", "SET", "SHOW")], writes
    assert len([one for one in writes if one.startswith("SELECT")]) == 1


def test_contacts_are_written_later_and_show_at_once(world: World) -> None:
    box = world.box("a")
    box.visit()
    with world.hub.database.read() as tx:
        assert world.hub.contacts.every(tx)[box.node_no].software == "test"
    assert world.hub.contacts.flush(world.hub.database) == 1
    assert world.hub.contacts.flush(world.hub.database) == 0
    with world.again().hub.database.read() as tx:
        assert world.hub.contacts.every(tx)[box.node_no].last_contact_ms == world.clock.now_ms
