"""What has to follow while and after a hub recovers: from a key that is held, and for passengers of another vehicle."""

from __future__ import annotations

from cloud.domains.inventory.tables import ask_waiting, reseat, seat_grant
from sync.domains.disruption.operations import Reseated
from sync.domains.inventory.events import SeatsAsked
from sync.kernel.operations import trip_stream
from tests.cloud.test_recovery import anew, backup, finish, put_back
from tests.cloud.world import DAY, World
from tests.domains.ticketing.test_refund_cloud import id_of


def test_what_a_held_key_brings_is_told_to_the_gates_and_what_it_asks_for_is_not_given(world: World) -> None:
    witness, held, asker = world.box("a"), world.box("b", low_water=0), world.box("c", low_water=0)
    granted = world.grant(held, 7, 10)
    held.visit()
    kept = backup(world)
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, held.node_no, "stolen")
    witness.visit()
    put_back(world, kept)
    for box in (witness, asker):
        anew(box)
    held.present()
    finish(world)
    with world.hub.database.write() as tx:
        world.hub.nodes.subscribe(tx, witness.node_no, [trip_stream(7, DAY)])
    asker.append(SeatsAsked(7, DAY, 0, 3, 1))
    asker.visit()
    (waits,) = world.rows(ask_waiting)
    held.sell(7, 1)
    held.append(SeatsAsked(7, DAY, 0, 3, 5))
    assert not held.send(held.request()).operations
    witness.visit()
    assert list(witness.keys("manifest", trip_stream(7, DAY))) == [f"manifest/{id_of(held, 1).hex()}"]
    assert world.rows(ask_waiting) == [waits]
    held.give_back(granted, granted.seats[1:2])
    held.send(held.request())
    asker.visit()
    assert len(asker.seats(7)) == 1 and world.rows(ask_waiting) == []
    held_grants = [row for row in world.rows(seat_grant) if row["node_no"] == held.node_no]
    assert [row["grant_id"] for row in held_grants] == [granted.grant_id]


def test_who_lost_a_seat_while_the_hub_recovered_is_told_when_it_grants_again(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    granted = world.grant(box, 7, 10)
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.disruptions.change_vehicle(tx, (7, DAY), "reserved-9", "breakdown", "test")
    kept = backup(world)
    box.sell(7, 10)
    put_back(world, kept)
    anew(box)
    anew(other)
    assert world.rows(reseat) == []
    finish(world)
    [row] = world.rows(reseat)
    assert (row["was"], row["placed"], row["fault"]) == (10, False, True)
    box.visit()
    assert [Reseated.from_bytes(body).was for body in box.keys("reseat", trip_stream(7, DAY)).values()] == [10]
    box.give_back(granted, [(1, 0b111)])
    box.visit()
    assert [(row["seat"], row["placed"]) for row in world.rows(reseat)] == [(1, True)]
