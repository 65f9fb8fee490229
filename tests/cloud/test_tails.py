"""Ends of closed logs: kept aside, handed in by the next log, taken into the books by a person or left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from cloud.domains.ticketing import service as ticketing
from cloud.kernel import rebuild
from cloud.kernel.tables import event_log, held_tail, node_key, quarantine, tail_verdict
from cloud.kernel.tails import Tail
from sync.domains.inventory.events import GrantReturned
from sync.kernel import exchange
from sync.kernel.certificate import Revocation
from sync.kernel.certificate import read as read_certificate
from sync.kernel.errors import Fault, Refusal
from sync.kernel.events import TailHandedIn
from tests.cloud.world import Box, World


def revoked(world: World, name: str = "a") -> Box:
    """A box whose key is barred after its first sale, and which sold two tickets more."""
    box = world.box(name)
    world.grant(box, 7, 4)
    box.visit()
    box.sell(7, 1)
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen")
    box.sell(7, 2)
    box.sell(7, 3)
    return box


def tail_of(box: Box, after: int) -> TailHandedIn:
    """What a box would hand in of its log behind ``after``."""
    return TailHandedIn(box.epoch, after + 1, box.hashes[after], tuple(box.log[after:]))


def handed_in(world: World, box: Box, after: int) -> Box:
    """The box after its re-enrolment: its new log hands in the end of the old one."""
    new = world.replace_box(box, f"second key of {box.node_no}")
    new.append(tail_of(box, after))
    new.visit()
    return new


def every(world: World) -> list[Tail]:
    with world.hub.database.read() as tx:
        return world.hub.tails.every(tx)


def accept(world: World, tail: Tail) -> tuple[int, int]:
    with world.hub.database.write() as tx:
        return world.hub.tails.accept(tx, tail.name, "the clerk showed the cash", "王敏")


def money(world: World) -> dict[str, tuple[int, int]]:
    with world.hub.database.read() as tx:
        return ticketing.totals(tx)


def last_serial(world: World, box: Box, reader: Box) -> int:
    reader.visit()
    body = reader.body("net", f"revoked/{box.signer.kid.hex()}")
    assert body is not None
    return Revocation.from_bytes(body).last_serial


def test_what_a_revoked_box_sold_is_shown_with_its_sum_and_counts_nothing_yet(world: World) -> None:
    box = revoked(world)
    handed_in(world, box, 1)
    (tail,) = every(world)
    assert (tail.node_no, tail.epoch, tail.handed_by, tail.first_seq) == (box.node_no, 1, 2, 2)
    assert (tail.events, tail.sales, tail.fresh, dict(tail.amounts), tail.verdict) == (2, 2, 2, {"CNY": 10_000}, "")
    assert money(world) == {"CNY": (1, 5_000)}
    with world.hub.database.read() as tx:
        assert world.hub.tails.waiting(tx) == {box.node_no: 1}


def test_what_a_person_accepts_counts_and_gates_honour_it(world: World) -> None:
    box, other = revoked(world), world.box("b")
    handed_in(world, box, 1)
    assert last_serial(world, box, other) == 1
    assert accept(world, every(world)[0]) == (2, 0)
    assert money(world) == {"CNY": (3, 15_000)} and last_serial(world, box, other) == 3
    (tail,) = every(world)
    assert (tail.verdict, tail.by, tail.fresh) == ("accepted", "王敏", 0) and tail.reason == "the clerk showed the cash"
    held = world.rows(event_log)
    assert [data["bytes"] for data in held if data["epoch"] == 101] == box.log[1:]
    assert [row["head_seq"] for row in world.rows(node_key) if row["kid"] == box.signer.kid] == [1]
    assert len(world.rows(held_tail)) == 1  # looked at, and still there


def test_what_a_person_rejects_stays_and_counts_nothing(world: World) -> None:
    box = revoked(world)
    handed_in(world, box, 1)
    with world.hub.database.write() as tx:
        world.hub.tails.reject(tx, every(world)[0].name, "nobody saw the money", "王敏")
    assert money(world) == {"CNY": (1, 5_000)} and len(world.rows(held_tail)) == 1
    assert every(world)[0].verdict == "rejected"


def test_a_decision_needs_a_reason_and_is_made_once(world: World) -> None:
    handed_in(world, revoked(world), 1)
    name = every(world)[0].name
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="reason_missing"):
        world.hub.tails.accept(tx, name, "  ", "王敏")
    accept(world, every(world)[0])
    for word in ("accept", "reject"):
        with world.hub.database.write() as tx, pytest.raises(Refusal, match="tail_decided"):
            getattr(world.hub.tails, word)(tx, name, "again", "王敏")
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="tail_unknown"):
        world.hub.tails.accept(tx, "1-1-x", "which", "王敏")


def test_a_tail_handed_in_twice_counts_once(world: World) -> None:
    box = revoked(world)
    new = handed_in(world, box, 1)
    accept(world, every(world)[0])
    new.append(tail_of(box, 1))  # as after another re-enrolment at a restored hub
    new.append(tail_of(box, 0))
    new.visit()
    assert [tail for tail in every(world) if not tail.verdict] == []
    assert money(world) == {"CNY": (3, 15_000)}


def test_both_ends_of_a_copied_disk_can_be_taken_in_and_clashes_are_seen(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 4)
    box.visit()
    box.sell(7, 1)
    box.visit()
    copy = Box(world.hub, box.node_no, box.code, "a")
    copy.epoch, copy.log, copy.hashes = box.epoch, list(box.log), list(box.hashes)
    copy.acked, copy.serial, copy.floor = box.acked, box.serial, box.floor
    box.sell(7, 2)
    box.visit()
    copy.sell(7, 2, price_minor=4_000)
    copy.sell(7, 3)
    copy.visit()
    handed_in(world, copy, 1)
    waiting = every(world)
    assert sorted((tail.handed_by or 0, tail.sales) for tail in waiting) == [(0, 2), (2, 2)]
    for tail in waiting:
        accept(world, tail)
    assert money(world) == {"CNY": (4, 19_000)}  # the same two sales came by two ways
    codes = {row["code"] for row in world.rows(quarantine)}
    assert codes == {"seat_sold_twice"}
    assert len(world.rows(tail_verdict)) == 2


def test_a_return_in_an_accepted_tail_frees_nothing(world: World) -> None:
    box = revoked(world)
    (grant,) = box.grants(7)
    left = [(seat, mask) for seat, mask in grant.seats if seat == 4]
    box.append(GrantReturned(grant.grant_id, 7, grant.day, tuple(left), ()))
    handed_in(world, box, 1)
    before = world.trip(7).free
    assert accept(world, every(world)[0]) == (3, 1)
    assert [row["code"] for row in world.rows(quarantine)] == ["return_amended"]
    assert world.trip(7).free == before


def test_folded_anew_an_amended_log_is_the_same(world: World) -> None:
    handed_in(world, revoked(world), 1)
    accept(world, every(world)[0])
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_a_log_can_hand_in_older_ones_only(world: World) -> None:
    box, other = revoked(world), world.box("b")
    other.append(replace(tail_of(box, 1), epoch=5))
    other.visit()
    assert every(world) == [] and world.rows(quarantine) == []


def test_a_tail_wrapped_in_a_tail_is_kept_on_its_own(world: World) -> None:
    box = revoked(world)
    second = world.replace_box(box, "second")
    second.append(tail_of(box, 1))  # and it is barred before it ever visited
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen again")
    third = world.replace_box(box, "third")
    third.append(tail_of(second, 0))
    third.visit()
    assert sorted((tail.epoch, tail.handed_by, tail.sales) for tail in every(world)) == [(1, 2, 2), (2, 3, 0)]


def test_a_tail_that_a_replaced_log_brings_late_is_kept_too(world: World) -> None:
    box = revoked(world)
    second = world.replace_box(box, "second")
    second.append(tail_of(box, 1))
    world.replace_box(box, "third")
    second.send(second.request())
    assert [(tail.epoch, tail.handed_by, tail.sales) for tail in every(world)] == [(1, 2, 2)]


def test_a_box_whose_log_was_replaced_is_told_so_and_is_heard_to_its_end(world: World) -> None:
    box = world.box("a")
    box.visit()
    world.replace_box(box, "second")
    box.sell(7, 1)
    answer = box.send(box.request())
    assert (answer.status, answer.acked_seq) == (exchange.REPLACED, 1)
    assert money(world) == {"CNY": (1, 5_000)}


def test_a_certificate_is_renewed_long_before_its_end(world: World) -> None:
    box = world.box("a")
    box.visit()
    before = read_certificate(box.keys("key", "net")[f"key/{box.signer.kid.hex()}"], world.hub.signer.verify_key)
    world.clock.now_ms += 800 * 86_400_000
    box.visit()
    after = read_certificate(box.keys("key", "net")[f"key/{box.signer.kid.hex()}"], world.hub.signer.verify_key)
    assert after.public == before.public and after.epoch == before.epoch and after.from_day == before.from_day
    assert after.until_day == before.until_day + 800
    world.clock.now_ms += 86_400_000
    box.visit()
    last = read_certificate(box.keys("key", "net")[f"key/{box.signer.kid.hex()}"], world.hub.signer.verify_key)
    assert last == after


def test_a_hub_does_not_open_a_database_of_newer_software(world: World) -> None:
    with world.hub.database.engine.begin() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Fault, match="9999") as raised:
        world.hub.database.migrate()
    assert raised.value.code == "schema_newer"
