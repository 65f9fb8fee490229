"""Codes that make a box known, once."""

from __future__ import annotations

import pytest

from cloud.kernel.tables import enrol_code, issue, node_key
from sync.kernel import cbor, enrolment
from sync.kernel.certificate import Certificate, Revocation, read
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Profile
from tests.cloud.world import World


def new_node(world: World, name: str = "a") -> tuple[int, str]:
    with world.hub.database.write() as tx:
        node_no = world.hub.nodes.add(tx, name, "station", [1], {"en": name})
        return node_no, world.hub.enrolment.new_code(tx, node_no)


def ask(world: World, code: str, seed: int = 1) -> bytes:
    data = enrolment.encode_request(enrolment.secret_of(code), Ed25519Signer(bytes([seed]) * 32).public)
    with world.hub.database.write() as tx:
        return world.hub.enrolment.enrol(tx, data)


def test_the_same_code_and_key_get_the_same_answer(world: World) -> None:
    _, code = new_node(world)
    first = ask(world, code)
    world.clock.now_ms += 100 * DAY_MS
    assert ask(world, code) == first
    assert len(world.rows(node_key)) == 1


def test_a_used_code_is_refused_for_another_key(world: World) -> None:
    _, code = new_node(world)
    ask(world, code)
    with pytest.raises(Refusal, match="enrol_code_used"):
        ask(world, code, seed=2)


def test_a_code_is_nowhere_in_the_hubs_database(world: World) -> None:
    _, code = new_node(world)
    secret = enrolment.secret_of(code)
    assert all(secret not in (row["code_id"], row["code_key"]) for row in world.rows(enrol_code))


def test_an_unknown_code_and_one_that_is_not_proven_look_alike(world: World) -> None:
    _, code = new_node(world)
    with pytest.raises(Refusal, match="enrol_code_unknown"):
        ask(world, "0000-0000-0000-0000")
    secret, public = enrolment.secret_of(code), Ed25519Signer(bytes(32)).public
    forged = cbor.encode([enrolment.code_id(secret), public, bytes(32)])
    with pytest.raises(Refusal, match="enrol_code_unknown"), world.hub.database.write() as tx:
        world.hub.enrolment.enrol(tx, forged)
    with pytest.raises(Malformed), world.hub.database.write() as tx:
        world.hub.enrolment.enrol(tx, b"\x80")


def test_a_newer_code_replaces_those_that_nobody_used(world: World) -> None:
    node_no, old = new_node(world)
    with world.hub.database.write() as tx:
        fresh = world.hub.enrolment.new_code(tx, node_no)
    with pytest.raises(Refusal, match="enrol_code_withdrawn"):
        ask(world, old)
    ask(world, fresh)


def test_a_code_that_lay_about_too_long_is_refused(world: World) -> None:
    _, code = new_node(world)
    world.clock.now_ms += 31 * DAY_MS
    with pytest.raises(Refusal, match="enrol_code_old"):
        ask(world, code)


def test_one_key_never_stands_for_two_nodes(world: World) -> None:
    _, first = new_node(world)
    _, second = new_node(world, "b")
    ask(world, first)
    with pytest.raises(Refusal, match="enrol_key_taken"):
        ask(world, second)


def test_the_same_box_with_a_newer_code_stays_what_it_is(world: World) -> None:
    node_no, code = new_node(world)
    ask(world, code)
    with world.hub.database.write() as tx:
        again = world.hub.enrolment.new_code(tx, node_no)
    ask(world, again)
    assert [row["epoch"] for row in world.rows(node_key)] == [1]


def test_a_revoked_key_does_not_come_back_with_a_new_code(world: World) -> None:
    node_no, code = new_node(world)
    ask(world, code)
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, node_no, "lost")
        again = world.hub.enrolment.new_code(tx, node_no)
    with pytest.raises(Refusal, match="enrol_key_barred"):
        ask(world, again)
    ask(world, again, seed=2)
    assert sorted((row["epoch"], row["status"]) for row in world.rows(node_key)) == [(1, "revoked"), (2, "active")]


def test_everybody_learns_the_new_key_and_the_box_learns_what_it_is(world: World) -> None:
    box, other = world.box("a", "pier", [4, 5]), world.box("b")
    box.visit()
    other.visit()
    body = other.body("net", f"key/{box.signer.kid.hex()}")
    found = read(body or b"", world.hub.signer.verify_key)
    assert isinstance(found, Certificate) and (found.node_no, found.epoch) == (box.node_no, 1)
    assert found.public == box.signer.public
    profile = Profile.from_bytes(box.keys("profile")["profile"])
    assert (profile.kind, profile.stop_nos, profile.names) == ("pier", (4, 5), {"en": "a"})


def test_a_revocation_names_the_last_ticket_that_was_accepted(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    world.grant(box, 7, 5)
    for seat in (1, 2, 3):
        box.sell(7, seat)
    box.visit(most=2)
    box.sell(7, 4)
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen")
    other.visit()
    found = Revocation.from_bytes(other.body("net", f"revoked/{box.signer.kid.hex()}") or b"")
    assert (found.last_serial, found.reason) == (3, "stolen")
    assert [row["code"] for row in world.rows(issue)] == ["revoked"]


def test_names_of_nodes_are_told_apart(world: World) -> None:
    new_node(world)
    with pytest.raises(Refusal, match="node_name_taken"):
        new_node(world)
    with pytest.raises(Refusal, match="node_kind"), world.hub.database.write() as tx:
        world.hub.nodes.add(tx, "x", "spaceport", [], {})
