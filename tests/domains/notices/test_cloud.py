"""The hub announces and withdraws, and the boxes of that operator hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.domains.notices import publish
from sync.domains.notices.operations import Notice
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, World, new_world

SAID = Notice(0, 1, {"zh-Hans": " 今日加开 ", "en": ""}, DAY, DAY + 1, False, 1)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def announce(world: World, said: Notice = SAID, today: int = DAY) -> int:
    with world.hub.database.write() as tx:
        return publish.announce(tx, said, today)


def test_a_box_hears_what_its_operator_announces_and_that_it_was_withdrawn(world: World) -> None:
    box = world.box("a")
    number = announce(world)
    box.visit()
    heard = [Notice.from_bytes(body) for body in box.keys("notice", "operator/1").values()]
    assert heard == [replace(SAID, number=number, texts={"zh-Hans": "今日加开"})]
    with world.hub.database.write() as tx:
        publish.withdraw(tx, 1, number)
    box.visit()
    assert box.keys("notice", "operator/1") == {}
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="notice_unknown"):
        publish.withdraw(tx, 1, number)


def test_every_announcement_has_a_number_of_its_own_and_the_newest_stands_first(world: World) -> None:
    numbers = [announce(world, replace(SAID, operator_no=operator)) for operator in (1, 2, 1)]
    assert len(set(numbers)) == 3
    with world.hub.database.read() as tx:
        assert [one.number for one in publish.of_operator(tx, 1)] == [numbers[2], numbers[0]]


def test_what_is_over_goes_with_the_next_one(world: World) -> None:
    announce(world)
    later = announce(world, replace(SAID, from_day=DAY + 5, until_day=DAY + 6), DAY + 2)
    with world.hub.database.read() as tx:
        assert [one.number for one in publish.of_operator(tx, 1)] == [later]


def test_nothing_is_announced_that_makes_no_sense(world: World) -> None:
    with pytest.raises(Refusal, match="notice_text"):
        announce(world, replace(SAID, texts={"zh-Hans": "  "}))
    with pytest.raises(Refusal, match="notice_days"):
        announce(world, SAID, DAY + 2)
