"""Scores: honest for small counts, told from five on, and the same when they are worked out anew from the events."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cloud.cli import main
from cloud.domains.boarding.tables import duty
from cloud.domains.ratings.publish import publish_rating_rules
from cloud.domains.ratings.scoring.again import differences, recompute
from cloud.domains.ratings.scoring.live import Scoreboard
from cloud.domains.ratings.scoring.tally import Crew, Facts, Subject, add_up, public
from cloud.domains.ratings.tables import rating
from cloud.kernel import streams
from sync.domains import EVENTS
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import SessionRated, TripRated
from sync.domains.ratings.operations import PublicScore
from sync.domains.ratings.rules import DEFAULT_RATING_RULES, share_interval
from sync.kernel.days import date_of
from sync.kernel.operations import operator_stream
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, new_world

OPERATORS = {7: (1, 70), 8: (1, 80), 9: (2, 90)}


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


@pytest.fixture
def board() -> Scoreboard:
    return Scoreboard(
        lambda _tx, trips: {trip_no: OPERATORS[trip_no] for trip_no in trips if trip_no in OPERATORS},
        lambda _tx, places: {place: Crew(f"粤H{place[0]}", (f"d{place[0] % 2}",)) for place in places},
    )


def test_an_interval_that_ends_just_above_a_whole_number_is_rounded_outwards() -> None:
    # Wilson's upper end for 2 of 18 is 328.0024 per mille.
    assert share_interval(2, 18) == (31, 329)


@given(st.integers(1, 5_000), st.data())
def test_the_interval_is_wilsons_and_never_narrower(count: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, count))
    share, z = good / count, 1.96
    middle = (share + z * z / 2 / count) / (1 + z * z / count)
    half = z * sqrt(share * (1 - share) / count + z * z / 4 / count / count) / (1 + z * z / count)
    low, high = share_interval(good, count)
    assert low <= (middle - half) * 1_000 + 1e-6 < low + 1.01 and high >= (middle + half) * 1_000 - 1e-6 > high - 1.01
    assert low <= share * 1_000 <= high


def test_five_happy_passengers_are_no_proof_and_none_prove_nothing() -> None:
    assert share_interval(5, 5) == (565, 1_000) and share_interval(0, 0) == (0, 1_000)
    low, high = share_interval(900, 1_000)
    assert high - low < 40


def test_ratings_are_added_up_by_operator_line_vehicle_driver_and_month() -> None:
    facts = Facts({7: (1, 70)}, {(7, 2500): Crew("粤H1", ("d1", "d2")), (7, 2530): Crew("粤H2", ("d1",))})
    scores = add_up([(7, 2500, 5, 2), (7, 2530, 1, 1), (99, 2500, 1, 4)], facts)
    assert scores[Subject("operator", "1")].levels == [1, 0, 0, 0, 2]
    assert scores[Subject("driver", "d1")].count == 3 and scores[Subject("driver", "d2")].count == 2
    assert scores[Subject("vehicle", "粤H2", 202612)].levels == [1, 0, 0, 0, 0]
    assert scores[Subject("line", "70", 202611)].mean_tenths == 50
    told = public(Subject("driver", "d1"), scores[Subject("driver", "d1")])
    assert (told.count, told.mean_tenths, told.until_day) == (3, 37, 2530)
    assert not [subject for subject in scores if subject.name in ("99", "0")]


def test_a_driver_of_two_operators_is_one_driver_and_told_to_both() -> None:
    crew = Crew("粤H1", ("d1",))
    facts = Facts({7: (1, 70), 9: (2, 90)}, {(7, 2500): crew, (9, 2500): crew})
    said = [(7, 2500, 5, 2), (9, 2500, 1, 1)]
    scores = add_up(said, facts)
    assert scores[Subject("driver", "d1")].agencies == {1, 2} and scores[Subject("driver", "d1")].count == 3
    assert add_up(said[::-1], facts) == scores


def ride(box: Box, serial: int, trip_no: int, day: int, level: int, aboard: bool = True) -> None:
    ticket_id = TicketId(box.node_no, 1, serial).to_bytes()
    if aboard:
        box.append(TicketBoarded(ticket_id, trip_no, day, 0, 3, serial, "g1", 11, "KV5C", True))
    box.append(TripRated(ticket_id, trip_no, day, level, (), "", "en"))


def storm(world: World, seed: int) -> None:
    """Ratings of all sorts, good and bad, from several boxes, in batches that nobody chose."""
    dice = random.Random(seed)
    boxes = [world.box(name) for name in ("a", "b", "c")]
    for serial in range(1, 120):
        box = dice.choice(boxes)
        trip_no, day = dice.choice([7, 8, 9, 99]), DAY + dice.randrange(40)
        ride(box, serial, trip_no, day, dice.choice([0, 1, 2, 3, 4, 5, 5, 9]), aboard=dice.random() < 0.8)
        if dice.random() < 0.1:
            ride(dice.choice(boxes), dice.randrange(1, serial + 1), trip_no, day, dice.randrange(1, 6))
        if dice.random() < 0.1:
            box.append(SessionRated(serial.to_bytes(16, "big"), trip_no, day, 1, (), "", "en"))
        if dice.random() < 0.05:
            box.append(b"\x83\x01\x02\x03")
        if dice.random() < 0.2:
            box.visit()
    for box in boxes:
        box.visit()


@pytest.mark.parametrize("seed", [1, 2])
def test_scores_worked_out_anew_are_the_live_ones_for_any_date(world: World, board: Scoreboard, seed: int) -> None:
    storm(world, seed)
    with world.hub.database.read() as tx:
        for until_day in (DAY - 1, DAY, DAY + 13, DAY + 31, 1 << 20):
            anew = recompute(tx, EVENTS, board, until_day)
            live = board.scores(tx, until_day)
            assert differences(anew.scores, live) == []
            assert live or until_day < DAY + 13
        assert 30 < anew.ratings < 119
        assert {subject.kind for subject in live} == {"operator", "line", "vehicle", "driver"}


def test_a_number_that_was_touched_is_seen(world: World, board: Scoreboard) -> None:
    """The canary: somebody changes a level in the table."""
    storm(world, 3)
    with world.hub.database.write() as tx:
        worst = sa.select(sa.func.min(rating.c.pos)).where(rating.c.verified, rating.c.trip_no == 7, rating.c.level < 5)
        tx.execute(sa.update(rating).where(rating.c.pos == worst.scalar_subquery()).values(level=5))
    with world.hub.database.read() as tx:
        wrong = differences(recompute(tx, EVENTS, board, 1 << 20).scores, board.scores(tx, 1 << 20))
    assert Subject("line", "70") in wrong


def told(world: World, agency_no: int) -> dict[str, PublicScore]:
    keys: dict[str, PublicScore] = {}
    with world.hub.database.read() as tx:
        for body in streams.bodies_under(tx, operator_stream(agency_no), "score/"):
            one = PublicScore.from_bytes(body)
            keys[f"{one.kind}/{one.subject}"] = one
    return keys


def test_a_score_is_told_from_five_verified_ratings_on(world: World, board: Scoreboard) -> None:
    box = world.box("a")
    for serial in range(1, 5):
        ride(box, serial, 7, DAY, 5)
    ride(box, 5, 7, DAY, 1, aboard=False)
    box.append(SessionRated(bytes(16), 7, DAY, 1, (), "", "en"))
    box.visit()
    with world.hub.database.write() as tx:
        assert board.publish(tx, DAY) == 0
    ride(box, 6, 7, DAY + 1, 2)
    box.visit()
    with world.hub.database.write() as tx:
        assert board.publish(tx, DAY) == 4  # of the operator, the line, the vehicle, the driver
    scores = told(world, 1)
    assert (scores["line/70"].count, scores["line/70"].mean_tenths, scores["line/70"].until_day) == (5, 44, DAY + 1)


def test_a_score_that_newer_rules_make_too_small_is_taken_back(world: World, board: Scoreboard) -> None:
    box = world.box("a")
    for serial in range(1, 8):
        ride(box, serial, 7, DAY, 4)
    box.visit()
    stricter = replace(DEFAULT_RATING_RULES, name="stricter", from_day=DAY + 1, score_least=50)
    with world.hub.database.write() as tx:
        board.publish(tx, DAY)
        publish_rating_rules(tx, stricter, DAY)
    assert len(told(world, 1)) == 4
    with world.hub.database.write() as tx:
        assert board.publish(tx, DAY + 1) == 0
    assert told(world, 1) == {}


def test_what_has_not_changed_is_not_told_again(world: World, board: Scoreboard) -> None:
    box = world.box("a")
    for serial in range(1, 8):
        ride(box, serial, 7, DAY, 4)
    box.visit()
    heads = []
    for _ in range(2):
        with world.hub.database.write() as tx:
            board.publish(tx, DAY)
        with world.hub.database.read() as tx:
            heads.append(streams.heads(tx, [operator_stream(1)]))
    assert heads[0] == heads[1]


def test_the_hub_tells_its_scores_by_itself_and_a_command_proves_them(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = world.box("a")
    with world.hub.database.write() as tx:
        tx.execute(sa.insert(duty).values(node_no=box.node_no, trip_no=7, day=DAY, vehicle="粤H12345"))
    for serial in range(1, 7):
        ride(box, serial, 7, DAY, 5 if serial < 6 else 2)
    box.visit()
    assert world.hub.tell_scores() > 0 and world.hub.tell_scores(1 << 40) == 1 << 40
    words = ["--data", str(tmp_path / "hub"), "--database", world.hub.settings.database_url, "--json"]
    assert main(["ratings", "recompute", "--until", date_of(DAY).isoformat(), *words]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["ratings"] == 6 and said["same_as_live"] is True and said["differences"] == []
    found = {(one["kind"], one["month"] is None): one for one in said["scores"]}
    assert found["vehicle", True]["subject"] == "粤H12345" and found["vehicle", True]["levels"] == [0, 1, 0, 0, 5]
    with world.hub.database.write() as tx:
        tx.execute(sa.update(rating).where(rating.c.level == 2).values(level=5))
    assert main(["ratings", "recompute", *words]) == 1
