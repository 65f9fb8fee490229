"""A driver's number joins the account, the duties and the ratings with the register: one number, one person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.register.importing import subjects, writing
from cloud.domains.timetable import service as timetable
from cloud.kernel import streams
from cloud.kernel.clerks import Clerks
from sync.domains.ratings.operations import PublicScore
from sync.domains.register.cards import card as cards
from sync.domains.register.operations import DriverFacts
from sync.kernel.errors import Refusal
from tests.cloud.world import World, new_world
from tests.domains.register.files import DRIVERS, OPERATORS, USCC, driver, file_of, operator
from tests.domains.register.test_importing_cloud import faults, found, take
from tests.support.documents import resident_id

NUMBERED = f"{DRIVERS},clerk_no"
SECOND = resident_id(9)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A hub whose timetable knows operator A as number 4, at every stop."""
    monkeypatch.setattr(timetable, "agency_numbers", lambda tx: {"A": 4})
    monkeypatch.setattr(timetable, "agencies_at", lambda tx, stop_nos: [4] if stop_nos else [])
    with new_world(hub_database_url, tmp_path) as made:
        with made.hub.database.write() as tx:
            for name in ("张建国", "李文"):
                accounts(made).add(tx, name, ["driver"], [])
        take(made, file_of(OPERATORS, operator()))
        yield made


def accounts(world: World) -> Clerks:
    return Clerks(world.hub.clock, world.hub.ids)


def numbered(clerk_no: int | str, number: str = "", name: str = "张建国") -> str:
    line = driver(name=name, number=number, qualification=number) if number else driver()
    return f"{line},{clerk_no}"


def test_a_drivers_number_is_read_kept_and_told_to_the_nodes(world: World) -> None:
    box = world.box("a")
    assert take(world, file_of(NUMBERED, numbered(1))) == (1, 0, 0)
    assert take(world, file_of(NUMBERED, numbered(1))) == (0, 0, 1)
    box.visit()
    box.visit()
    told = [body for body in box.keys("driver", "register/1").values() if body is not None]
    assert [DriverFacts.from_bytes(body).clerk_no for body in told] == [1]
    assert take(world, file_of(NUMBERED, numbered(""))) == (0, 1, 0)
    box.visit()
    told = [body for body in box.keys("driver", "register/1").values() if body is not None]
    assert [DriverFacts.from_bytes(body).clerk_no for body in told] == [0]


def test_one_number_is_one_person_and_was_given_to_somebody(world: World) -> None:
    take(world, file_of(NUMBERED, numbered(1)))
    assert faults(world, file_of(NUMBERED, numbered(1, SECOND, "李文"))) == [(2, "", "register_taken")]
    assert faults(world, file_of(NUMBERED, numbered(7, SECOND, "李文"))) == [(2, "clerk_no", "clerk_unknown")]
    both = file_of(NUMBERED, numbered(2), numbered(2, SECOND, "李文"))
    assert (3, "", "register_twice") in faults(world, both)
    assert take(world, file_of(NUMBERED, numbered(2, SECOND, "李文"))) == (1, 0, 0)
    with world.hub.database.write() as tx:
        accounts(world).leave(tx, 2)
    assert take(world, file_of(NUMBERED, numbered(2, SECOND, "李文"))) == (0, 0, 1)


def test_without_the_keys_a_second_person_would_get_the_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a register that knows drivers by their documents alone."""
    take(world, file_of(NUMBERED, numbered(1)))
    blind = lambda kind, body: [one for one in subjects.keys_of(kind, body) if not one.startswith("clerk:")]  # noqa: E731
    monkeypatch.setattr(writing, "keys_of", blind)
    assert take(world, file_of(NUMBERED, numbered(1, SECOND, "李文"))) == (1, 0, 0)


def test_a_correction_gives_and_takes_a_number(world: World) -> None:
    take(world, file_of(DRIVERS, driver()))
    take(world, file_of(NUMBERED, numbered(2, SECOND, "李文")))
    number = found(world, "张建国", "driver")[0].number
    texts = {
        "operator_uscc": USCC, "name": "张建国", "document_type": "resident_id", "licence_class": "A1",
        "licence_until": "2031-12-31", "qualification_until": "2030-12-31",
    }  # fmt: skip
    for clerk_no, code in (("2", "register_taken"), ("7", "clerk_unknown"), ("0", "register_number")):
        with world.hub.database.write() as tx, pytest.raises(Refusal, match=code):
            world.hub.register.correct(tx, number, {**texts, "clerk_no": clerk_no}, "joined", "somebody")
    with world.hub.database.write() as tx:
        world.hub.register.correct(tx, number, {**texts, "clerk_no": "1"}, "joined", "somebody")
    assert found(world, "张建国", "driver")[0].body["clerk_no"] == 1


def test_a_badge_shows_the_score_of_the_number_that_its_driver_is_rated_by(world: World) -> None:
    take(world, file_of(NUMBERED, numbered(1), numbered("", SECOND, "李文")))
    score = PublicScore("driver", "1", 12, 46, 700, 900, 2400)
    with world.hub.database.write() as tx:
        streams.publish(tx, "operator/4", score.key, score.to_bytes())
        texts = [world.hub.cards.issue(tx, number, "somebody").text for number in (2, 3)]
    shown = [cards.verify(text, world.hub.signer.verify_key).facts for text in texts]
    assert [(one.label, one.score_tenths, one.ratings) for one in shown] == [("张**", 46, 12), ("李**", 0, 0)]
