"""Ratings at the hub: one a ticket, the first counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.cli.ratings import rating_rules, work_calendar
from cloud.domains.ratings import apply, service
from cloud.domains.ratings.publish import publish_rating_rules
from cloud.domains.ratings.tables import rating, rating_follow, session_rating
from cloud.kernel.tables import alert, operation, quarantine
from sync.domains import EVENTS
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import RatingRules
from sync.domains.ratings.rules import DEFAULT_RATING_RULES
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId
from sync.kernel.workdays import WorkCalendar
from tests.cloud.world import DAY, START_MS, Box, World, new_world


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def rate(box: Box, serial: int, level: int, comment: str = "", day: int = DAY, trip_no: int = 7) -> None:
    ticket_id = TicketId(1, 1, serial).to_bytes()
    box.append(TripRated(ticket_id, trip_no, day, level, ("clean", "on_time"), comment, "zh-Hans"))


def test_one_ticket_rates_once(world: World) -> None:
    box = world.box("a")
    rate(box, 1, 5, "很好")
    rate(box, 1, 1, "坏")
    box.visit()
    rate(box, 1, 2)
    box.visit()
    with world.hub.database.read() as tx:
        assert [(line.level, line.tags, line.comment) for line in service.ratings(tx)] == [
            (5, ("clean", "on_time"), "很好")
        ]
        assert service.rating_count(tx) == 1
    assert [row["code"] for row in world.rows(quarantine)] == ["rated_twice", "rated_twice"]


def test_levels_are_counted_by_trip(world: World) -> None:
    box = world.box("a")
    for serial, level in enumerate((5, 5, 3, 1), start=1):
        rate(box, serial, level, day=DAY + serial % 2)
    rate(box, 9, 2, trip_no=8)
    box.visit()
    with world.hub.database.read() as tx:
        sums = service.rating_sums(tx)
        assert [(one.trip_no, one.count, one.levels) for one in sums] == [
            (7, 4, (1, 0, 1, 0, 2)),
            (8, 1, (0, 1, 0, 0, 0)),
        ]
        assert len(service.ratings(tx, trip_no=7, day=DAY)) == 2
        assert len(service.ratings(tx, limit=2, offset=4)) == 1


@pytest.mark.parametrize(("level", "comment"), [(0, ""), (6, ""), (5, "x" * 501)])
def test_what_is_no_rating_is_quarantined(world: World, level: int, comment: str) -> None:
    box = world.box("a")
    rate(box, 1, level, comment)
    box.append(TripRated(b"short", 7, DAY, 5, (), "", "en"))
    box.visit()
    assert [row["code"] for row in world.rows(quarantine)] == ["rating_range", "ticket_id"]


def board(box: Box, serial: int, trip_no: int = 7, day: int = DAY, node_no: int = 1) -> None:
    ticket_id = TicketId(node_no, 1, serial).to_bytes()
    box.append(TicketBoarded(ticket_id, trip_no, day, 0, 3, serial, "g1", 11, "KV5C", True))


def test_only_who_boarded_on_that_trip_is_verified(world: World) -> None:
    box = world.box("a")
    board(box, 1)
    board(box, 2)
    rate(box, 1, 5)
    rate(box, 2, 5, trip_no=8)
    rate(box, 3, 5)
    box.visit()
    with world.hub.database.read() as tx:
        rows = tx.execute(sa.select(rating.c.verified).order_by(rating.c.pos)).scalars().all()
    assert rows == [True, False, False] and world.rows(quarantine) == []


def test_a_day_that_no_calendar_has_is_kept_and_not_verified(world: World) -> None:
    box = world.box("a")
    for serial, day in ((1, 1 << 40), (2, DAY)):
        board(box, serial, day=day)
        rate(box, serial, 5, day=day)
    box.visit()
    assert [bool(row["verified"]) for row in world.rows(rating)] == [False, True]


def test_ratings_without_a_ticket_stand_apart_once_a_session(world: World) -> None:
    box = world.box("a")
    for session in (b"a" * 16, b"b" * 16, b"a" * 16, b"short"):
        box.append(SessionRated(session, 7, DAY, 1, ("late",), "晚了", "zh-Hans"))
    box.visit()
    box.append(SessionRated(b"b" * 16, 7, DAY, 5, (), "", "en"))
    box.visit()
    assert len(world.rows(session_rating)) == 2 and world.rows(rating) == []
    assert [row["code"] for row in world.rows(quarantine)] == ["rated_twice", "rating_range", "rated_twice"]


def test_a_second_word_counts_once_and_only_behind_a_bad_rating_whichever_comes_first(world: World) -> None:
    one, other = world.box("a"), world.box("b")

    def follow(box: Box, serial: int) -> None:
        box.append(RatingFollowed(TicketId(1, 1, serial).to_bytes(), 4, "好了", "zh-Hans"))

    follow(other, 1)  # before the rating itself has come
    other.visit()
    rate(one, 1, 2)
    rate(one, 2, 5)
    one.visit()
    for serial in (1, 2):
        follow(other, serial)
    other.append(RatingFollowed(TicketId(1, 1, 3).to_bytes(), 9, "", "en"))
    other.visit()
    assert len(world.rows(rating_follow)) == 1
    assert [row["code"] for row in world.rows(quarantine)] == ["followed_twice", "follow_no_case", "rating_range"]


def alerts(world: World) -> list[str]:
    return [row["code"] for row in world.rows(alert)]


def praise(world: World, levels: list[int], serials: list[int], pause_ms: int = 0) -> None:
    box = world.box("a")
    for count, (serial, level) in enumerate(zip(serials, levels, strict=True)):
        event = TripRated(TicketId(1, 1, serial).to_bytes(), 7, DAY, level, (), "", "en")
        box.append(EVENTS.encode(event, Stamp((START_MS + count * pause_ms) << 16, count, 0)))
    box.visit()


def test_top_ratings_by_tickets_that_one_box_sold_in_a_row_are_told_once(world: World) -> None:
    praise(world, [5] * 13, list(range(1, 14)), pause_ms=3_600_000)
    assert alerts(world) == ["rating_self"]
    (row,) = world.rows(alert)
    assert "trip 7" in row["detail"] and "10 of 10" in row["detail"]


def test_top_ratings_of_tickets_from_everywhere_are_nothing_to_tell(world: World) -> None:
    praise(world, [5] * 13, [n * 100 for n in range(1, 14)], pause_ms=3_600_000)
    assert alerts(world) == []


def test_a_coach_with_mixed_voices_is_nothing_to_tell(world: World) -> None:
    praise(world, [5, 4, 5, 3, 5, 2] * 4, list(range(1, 25)), pause_ms=120_000)
    assert alerts(world) == []


def test_many_bad_ratings_within_minutes_are_told(world: World) -> None:
    praise(world, [1] * 12, [n * 100 for n in range(1, 13)], pause_ms=1_000)
    assert alerts(world) == ["rating_burst"]


def test_patterns_are_seen_by_the_looking_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: without the look at a trip's voices nothing is told."""
    monkeypatch.setattr(apply, "suspicions", lambda given, voices: [])
    praise(world, [5] * 13, list(range(1, 14)))
    assert alerts(world) == []


def test_a_set_of_rules_begins_in_the_future_or_today_where_none_does(world: World) -> None:
    new = replace(DEFAULT_RATING_RULES, name="new", from_day=DAY)
    with world.hub.database.write() as tx:
        publish_rating_rules(tx, new, DAY)
        for from_day, today in ((DAY, DAY), (DAY, DAY + 1)):
            with pytest.raises(Refusal, match="rating_rules_past"):
                publish_rating_rules(tx, replace(new, from_day=from_day), today)
        with pytest.raises(Refusal, match="rating_rules_odd"):
            publish_rating_rules(tx, replace(new, score_least=0), DAY)


def test_rules_and_calendars_are_published_by_commands(world: World, tmp_path: Path) -> None:
    files = {"rules.toml": RULES, "2026.csv": "date,kind,name\n2026-10-01,off,国庆节\n2026-10-10,work,调休\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    where = [f"--data={tmp_path}", f"--database={world.hub.settings.database_url}"]
    rating_rules.main([str(tmp_path / "rules.toml"), *where], standalone_mode=False)
    work_calendar.main([str(tmp_path / "2026.csv"), "--year=2026", "--source=notice", *where], standalone_mode=False)
    bodies = {row["key"]: row["body"] for row in world.rows(operation)}
    (key,) = [key for key in bodies if key.startswith("rating/")]
    given = RatingRules.from_bytes(bytes(bodies[key]))
    assert (given.score_least, given.hours_after, given.tags) == (6, 24, (("wifi", ("coach",), {"zh-Hans": "无线"}),))
    year = WorkCalendar.from_bytes(bytes(bodies["workdays/2026"]))
    assert [date_of(day).isoformat() for day in (*year.off, *year.on)] == ["2026-10-01", "2026-10-10"]


RULES = """
name = "new"
source = "notice no. 9"
from_day = 2099-01-01
score_least = 6
tag = [{ code = "wifi", services = ["coach"], names = { zh-Hans = "无线" } }]
"""
