"""What is left in other hands: counted by the hub, shown by a node with its age, and never sold from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.domains.inventory.elsewhere import enquiry
from sync.domains.inventory.elsewhere.enquiry import Left, Wanted
from sync.kernel import cbor, cose
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import Ed25519Signer
from tests.cloud.world import DAY, Box, Trip, World, new_world
from tests.edge.hub import SmallHub, away, connect
from tests.support.nodes import COACH_TRIP, TODAY, Bench, make_bench

FREE = Trip(8, seat_plan_kind="free", capacity=20)
RIDE = (COACH_TRIP, TODAY, 0, 4)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), FREE]) as made:
        yield made


def left(box: Box, *rides: Wanted) -> tuple[int | None, ...]:
    question = enquiry.encode(rides, box.signer)
    answer = box.hub.enquiry.answer(question)
    found = enquiry.decode_answer(answer, question, len(rides), box.hub.signer.verify_key)
    assert found.hub_ms == box.hub.clock.wall_ms()
    return found.places


def test_what_the_hub_has_and_what_others_did_not_sell_is_left(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 6)
    world.grant(second, 7, 3)
    first.visit()
    for seat in sorted(first.seats(7))[:2]:
        first.sell(7, seat, 0, 3)
    first.visit()
    assert left(first, (7, DAY, 0, 3)) == (1 + 3,)
    assert left(second, (7, DAY, 0, 3)) == (1 + 4,)
    assert left(second, (7, DAY, 1, 2), (7, DAY + 1, 0, 3)) == (1 + 4, 10)


def test_free_seating_counts_the_places_of_the_fullest_leg(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 8, 5, 0, 1)
    world.grant(second, 8, 6)
    assert left(second, (8, DAY, 0, 3)) == (20 - 6 - 5,)
    assert left(second, (8, DAY, 1, 3)) == (20 - 6,)


def test_the_hub_does_not_guess(world: World) -> None:
    box = world.box("a")
    assert left(box, (99, DAY, 0, 1), (7, DAY, 0, 4), (7, DAY, 0, 3)) == (None, None, 10)
    with world.hub.database.write() as tx:
        world.hub.recovery.begin(tx, "a restored backup")
    assert left(box, (7, DAY, 0, 3)) == (None,)


def test_who_is_barred_or_unknown_is_told_nothing(world: World) -> None:
    box = world.box("a")
    question = enquiry.encode([(7, DAY, 0, 3)], box.signer)
    with world.hub.database.write() as tx:
        world.hub.nodes.revoke(tx, box.node_no, "stolen")
    with pytest.raises(Refusal, match="box_barred"):
        world.hub.enquiry.answer(question)
    with pytest.raises(Malformed) as unknown:
        world.hub.enquiry.answer(enquiry.encode([(7, DAY, 0, 3)], Ed25519Signer(b"key of a box that nobody knows..")))
    assert unknown.value.code == "cose_unknown_key"


@pytest.mark.parametrize(
    "body",
    [
        5, [1], [1, 5], [1, [[7, 1, 0]]], [1, [[7, 1, 2, 2]]], [1, [[7, -1, 0, 1]]], [1, [[7, True, 0, 1]]],
        [1, [[7, 1, 0, 1_025]]], [1, [[7, 1, 0, 1]] * 41],
    ],
    ids=repr,
)  # fmt: skip
def test_a_question_out_of_form_is_refused(body: Any) -> None:
    signer = Ed25519Signer(bytes(32))
    data = cose.sign1(cbor.encode(body), signer, b"yipiao seats 1")
    with pytest.raises(Malformed) as refused:
        enquiry.decode(data, lambda _kid: signer.verify_key)
    assert refused.value.code == "enquiry_shape"


def test_an_answer_fits_its_own_question_only() -> None:
    hub = Ed25519Signer(bytes(32))
    answer = enquiry.encode_answer(Left((3, None), 5), b"a question", hub)
    assert enquiry.decode_answer(answer, b"a question", 2, hub.verify_key) == Left((3, None), 5)
    for question, count, code in ((b"another", 2, "cose_signature"), (b"a question", 3, "enquiry_shape")):
        with pytest.raises(Malformed) as refused:
            enquiry.decode_answer(answer, question, count, hub.verify_key)
        assert refused.value.code == code


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def hub(bench: Bench) -> SmallHub:
    return connect(bench)


def test_a_node_shows_what_it_heard_with_its_age(bench: Bench, hub: SmallHub) -> None:
    hub.left[RIDE] = 12
    assert bench.node.elsewhere.known(RIDE) is None
    bench.node.elsewhere.ask([RIDE, RIDE, (COACH_TRIP, TODAY, 1, 2)])
    bench.clock.pass_ms(180_000)
    found = bench.node.elsewhere.known(RIDE)
    assert found is not None and (found.places, found.age_s) == (12, 180)
    assert bench.node.elsewhere.known((COACH_TRIP, TODAY, 1, 2)) is None


def test_while_the_hub_is_away_the_old_figure_stands(bench: Bench, hub: SmallHub) -> None:
    hub.left[RIDE] = 12
    bench.node.elsewhere.ask([RIDE])
    hub.line.append(away)
    with pytest.raises(Refusal, match="hub_away"):
        bench.node.elsewhere.ask([RIDE])
    assert bench.node.elsewhere.known(RIDE) is not None


def test_what_the_hub_can_no_longer_say_is_forgotten(bench: Bench, hub: SmallHub) -> None:
    hub.left[RIDE] = 12
    bench.node.elsewhere.ask([RIDE])
    del hub.left[RIDE]
    bench.node.elsewhere.ask([RIDE])
    assert bench.node.elsewhere.known(RIDE) is None
