"""A hub that was restored from an older backup: it grants nothing, is told by its nodes what it forgot, and goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cloud.domains.inventory.tables import risk_release, seat_grant
from cloud.kernel import nodes, recovery, streams
from cloud.kernel.clerks import Clerks
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import event_log, issue, node_key, operation, quarantine
from sync.domains.inventory.events import SeatsAsked
from sync.kernel import exchange
from sync.kernel.certificate import Revocation
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.operations import Operation
from sync.kernel.presentation import Presentation
from tests.cloud.world import DAY, Box, World, adds_up

Rows = dict[str, list[dict[str, object]]]


def backup(world: World) -> Rows:
    """All rows of all tables."""
    tables = sa.MetaData()
    with world.hub.database.engine.connect() as connection:
        tables.reflect(connection)
        return {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in tables.sorted_tables
        }


def put_back(world: World, rows: Rows, recover: bool = True) -> None:
    """The hub is as it was; the operator says so, or forgets to."""
    tables = sa.MetaData()
    with world.hub.database.engine.begin() as connection:
        tables.reflect(connection)
        for table in reversed(tables.sorted_tables):
            connection.execute(sa.delete(table))
        for table in tables.sorted_tables:
            if rows[table.name]:
                connection.execute(sa.insert(table), rows[table.name])
    if recover:
        with world.hub.database.write() as tx:
            world.hub.recovery.begin(tx, "restored by hand")


def anew(box: Box) -> None:
    """Present, hand in, read everything again, and sweep."""
    base = box.present().base
    box.visit()
    box.sweep(base)


def finish(world: World) -> None:
    with world.hub.database.write() as tx:
        world.hub.recovery.finish(tx, "test")


def awaited(world: World) -> list[tuple[str, int]]:
    with world.hub.database.read() as tx:
        return [(one.name, one.epoch) for one in recovery.awaited(tx)]


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises((Refusal, Malformed)) as caught:
        yield
    assert caught.value.code == code


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(issue) if row["closed_ms"] is None]


def test_a_seat_that_was_granted_after_the_backup_is_not_granted_again(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    box.visit()
    other.visit()
    kept = backup(world)
    mine = world.grant(box, 7, 10)
    box.visit()
    box.sell(7, 1)
    box.visit()
    put_back(world, kept)
    with refused("hub_recovering"):
        world.grant(other, 7, 1)
    anew(box)
    anew(other)
    assert [row["grant_id"] for row in world.rows(seat_grant)] == [mine.grant_id] and not world.rows(quarantine)
    finish(world)
    with refused("no_seat"):
        world.grant(other, 7, 1)
    assert world.trip(7).consumed == 3
    adds_up(world.trip(7))


def test_without_waiting_for_the_nodes_the_seat_is_granted_twice(world: World) -> None:
    """The canary: what recovering prevents happens when it is left out."""
    box, other = world.box("a"), world.box("b")
    kept = backup(world)
    mine = world.grant(box, 7, 10)
    box.visit()
    put_back(world, kept, recover=False)
    assert set(world.grant(other, 7, 1).seats) <= set(mine.seats)


def test_nobody_is_given_seats_while_the_hub_recovers(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    box.visit()
    other.visit()
    kept = backup(world)
    put_back(world, kept)
    anew(box)
    box.append(SeatsAsked(7, DAY, 0, 3, 2))
    box.visit()
    assert not world.rows(seat_grant) and world.rows(event_log)
    anew(other)
    finish(world)
    box.append(SeatsAsked(7, DAY, 0, 3, 2))
    box.visit()
    assert len(box.seats(7)) == 2


def test_positions_and_numbers_are_not_given_twice_although_no_node_comes(world: World) -> None:
    box = world.box("a")
    kept = backup(world)
    world.grant(box, 7, 1)
    lost = world.box("lost")
    with world.hub.database.write() as tx:
        clerks = Clerks(world.clock, world.ids)
        lost_clerk, _ = clerks.add(tx, "A. Lost", ["clerk"], [box.node_no])
        said = max(pos for (pos,) in tx.execute(sa.select(operation.c.pos)))
    code = world.box("c").code
    put_back(world, kept)
    assert min(row["pos"] for row in world.rows(operation)) > said
    fresh = world.box("fresh")
    assert fresh.node_no > lost.node_no
    with world.hub.database.write() as tx:
        assert clerks.add(tx, "B. Found", ["clerk"], [box.node_no])[0] > lost_clerk
    with refused("enrol_code_unknown"):
        Box(world.hub, box.node_no, code, "c").enrol()
    again = world.replace_box(box, "a2")
    assert again.epoch > box.epoch + 1  # a box that the hub has forgotten may be the next


def test_two_restores_of_one_backup_never_say_two_things_at_one_position(world: World) -> None:
    world.box("a")
    kept, seen = backup(world), []
    for _ in range(2):
        put_back(world, kept)
        seen.append({row["pos"] for row in world.rows(operation)})
    assert not seen[0] & seen[1]


def test_a_hub_that_nobody_told_notices_itself_by_what_a_node_has_read(world: World) -> None:
    box = world.box("a")
    box.visit()
    kept = backup(world)
    world.grant(box, 7, 2)
    box.visit()
    put_back(world, kept, recover=False)
    assert box.visit().status == exchange.RESTORED
    assert codes(world) == ["hub_was_behind"]
    anew(box)
    assert len(box.grants(7)) == 1 and awaited(world) == []


def test_a_node_enrolled_after_the_backup_is_known_again_by_its_certificate(world: World) -> None:
    world.box("a")
    kept = backup(world)
    late = world.box("late", stops=(1, 2))
    world.grant(late, 7, 3)
    late.visit()
    late.sell(7, 1)
    late.visit()
    put_back(world, kept)
    with refused("cose_unknown_key"):
        late.visit()
    anew(late)
    assert late.visit().status == exchange.OK and not world.rows(quarantine)
    with world.hub.database.read() as tx:
        info = nodes.find(tx, late.node_no)
    assert (info.kind, info.stop_nos, info.epoch) == ("station", (1, 2), 1)
    assert len(late.grants(7)) == 1 and "node_known_again" in codes(world)


def test_a_forgotten_node_shows_that_the_hub_was_restored_although_nobody_said_so(world: World) -> None:
    kept = backup(world)
    late = world.box("late")
    late.visit()
    put_back(world, kept, recover=False)
    anew(late)
    with world.hub.database.read() as tx:
        assert recovery.recovering(tx) and recovery.generation(tx) == 2


def test_one_node_names_another_that_the_hub_has_forgotten(world: World) -> None:
    witness = world.box("a")
    kept = backup(world)
    late = world.box("late")
    witness.visit()
    put_back(world, kept)
    anew(witness)
    assert awaited(world) == [(f"node-{late.node_no}", 1)]
    with refused("recover_awaited"):
        finish(world)
    late.present()
    late.visit()
    assert awaited(world) == []


def test_a_certificate_of_somebody_else_is_no_proof(world: World) -> None:
    box = world.box("a")
    stranger = Box(world.hub, 9, "", "stranger")
    stranger.certificate = box.certificate
    with refused("cose_unknown_key"):
        stranger.say(Presentation(0, 0, "x", None))


def test_a_grant_that_the_hub_never_signed_is_not_taken(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    kept = backup(world)
    world.grant(box, 7, 2)
    box.visit()
    grant_key, body = next(iter(box.keys("grant").items()))
    put_back(world, kept)
    base = other.say(Presentation(0, 0, "b", None)).base
    forged = body[:-1] + bytes([body[-1] ^ 1])
    for some in (body, forged):
        item = Operation(f"node/{other.node_no}", base - 1, grant_key, some)
        other.say(Presentation(base, 0, "b", None, (item,)))
    assert not world.rows(seat_grant)


def test_a_revocation_that_the_hub_has_forgotten_holds_the_key_until_a_person_decides(world: World) -> None:
    witness, thief, honest = world.box("a"), world.box("b"), world.box("c")
    thief.sell(7, 1)
    thief.visit()
    kept = backup(world)
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, thief.node_no, "stolen")
        world.hub.nodes.revoke(tx, honest.node_no, "by mistake")
    witness.visit()
    put_back(world, kept)
    anew(witness)
    states = {row["node_no"]: row["status"] for row in world.rows(node_key)}
    assert (states[thief.node_no], states[honest.node_no]) == ("held", "held") and codes(world).count("held") == 2
    thief.present()
    assert not thief.send(thief.request()).operations
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, thief.node_no, "stolen")
        world.hub.presenting.keep(tx, honest.node_no, "admin")
    witness.visit()
    barred = witness.body("net", f"revoked/{thief.signer.kid.hex()}")
    assert barred is not None and Revocation.from_bytes(barred).last_serial == 1
    assert witness.body("net", f"revoked/{honest.signer.kid.hex()}") is None
    assert thief.visit().status == exchange.REVOKED
    anew(honest)
    assert honest.visit().status == exchange.OK


def test_after_reading_anew_node_and_hub_hold_the_same(world: World) -> None:
    box = world.box("a")
    box.visit()
    kept = backup(world)
    with world.hub.database.write() as tx:
        lost, _ = Clerks(world.clock, world.ids).add(tx, "A. Lost", ["clerk"], [box.node_no])
    world.grant(box, 7, 2)
    box.visit()
    put_back(world, kept)
    anew(box)
    with world.hub.database.read() as tx:
        for name in box.subscribed:
            assert box.digest(name) == streams.digest(tx, name), name
    assert box.body(f"node/{box.node_no}", f"clerk/{lost}") is None and len(box.grants(7)) == 1


def test_a_node_that_never_comes_is_written_off_and_what_it_held_is_at_risk(world: World) -> None:
    gone, box = world.box("gone"), world.box("a", low_water=0)
    box.visit()
    gone.visit()
    kept = backup(world)
    world.grant(gone, 7, 10)
    gone.visit()
    gone.sell(7, 1)
    put_back(world, kept)
    anew(box)
    with refused("recover_awaited"):
        finish(world)
    with world.hub.database.write() as tx:
        assert world.hub.recovery.write_off(tx, gone.node_no, "burnt", "admin") == 1
    finish(world)
    world.grant(box, 7, 1)
    box.visit()
    box.sell(7, 1)
    box.visit()
    anew(gone)  # it was not burnt after all
    assert [row["code"] for row in world.rows(quarantine)] == ["at_risk_clash"]
    assert world.rows(risk_release)[0]["places"] == 1
    adds_up(world.trip(7))
    with refused("recover_not_awaited"), world.hub.database.write() as tx:
        world.hub.recovery.write_off(tx, gone.node_no, "burnt", "admin")


def test_what_is_taken_back_folds_again_to_the_same(world: World) -> None:
    box = world.box("a", low_water=0)
    box.visit()
    kept = backup(world)
    mine = world.grant(box, 7, 3)
    box.visit()
    box.sell(7, 1)
    box.give_back(mine, [mine.seats[2]])
    box.visit()
    put_back(world, kept)
    anew(box)
    finish(world)
    assert not world.rows(quarantine) and rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    assert world.trip(7).granted == 3 and world.trip(7).free == 24


def test_presenting_twice_or_in_parts_changes_nothing(world: World) -> None:
    box = world.box("a")
    box.visit()
    kept = backup(world)
    world.grant(box, 7, 2)
    box.visit()
    put_back(world, kept)
    floor = box.floor
    box.present(last=False)
    assert awaited(world) == [("a", 1)]
    box.floor = floor
    anew(box)
    assert len(world.rows(seat_grant)) == 1 and awaited(world) == []


def test_a_recovery_ends_once(world: World) -> None:
    with refused("recover_none"):
        finish(world)
    with world.hub.database.write() as tx:
        world.hub.recovery.begin(tx, "by hand")
    finish(world)
    with refused("recover_none"):
        finish(world)
