"""On the box: ratings without a ticket, second words, what a driver may hear, and the rules that the hub sends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.domains.ratings import store
from edge.domains.ratings.service import Ratings
from sync.domains import EVENTS
from sync.domains.ratings.events import RatingFollowed, SessionRated
from sync.domains.ratings.rules import DEFAULT_RATING_RULES, HOUR_MS
from sync.kernel import certificate, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from sync.kernel.workdays import WorkCalendar
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, NOON_MS, TODAY, Bench, make_bench

OTHER = Ed25519Signer(b"the key of another node, box 8..")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path, kind="vehicle")
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 11), ALL_LEGS))
    return found


def aboard(bench: Bench):  # type: ignore[no-untyped-def]
    sold = bench.sell()
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "g1", CLERK_NO).colour == "green"
    return sold


def rate(bench: Bench, level: int, comment: str = "", tags: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    sold = aboard(bench)
    bench.node.ratings.rate(sold.text, "", level, tags, comment, "zh-Hans")
    return sold


def without_ticket(bench: Bench, phone: str, level: int = 4) -> None:
    bench.node.ratings.rate_without_ticket(phone, level, ["late"], "晚了", "zh-Hans")


def logged(bench: Bench, kind: type) -> list[object]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for event in (EVENTS.decode(row[0]).event for row in rows) if isinstance(event, kind)]


def refused(call, *args: object) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal) as raised:
        call(*args)
    return raised.value.code


def test_a_phone_without_a_ticket_rates_this_trip_once_and_in_no_score(bench: Bench) -> None:
    without_ticket(bench, "phone one")
    without_ticket(bench, "phone two")
    assert refused(without_ticket, bench, "phone one") == "rating_session_done"
    assert bench.node.ratings.rated_without_ticket("phone one")
    assert not bench.node.ratings.rated_without_ticket("phone three")
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (0, 0)
    assert len(logged(bench, SessionRated)) == 2


def test_nothing_on_the_disk_says_which_phone_rated_or_what_else_it_rated(bench: Bench) -> None:
    ratings = bench.node.ratings
    without_ticket(bench, "cookie of a phone")
    files = b"".join(path.read_bytes() for path in bench.node.settings.data.iterdir() if path.is_file())
    assert b"cookie of a phone" not in files
    one, next_day = (ratings._session("cookie of a phone", COACH_TRIP, day) for day in (TODAY, TODAY + 1))
    assert one != next_day and one in files
    other_box = Ratings(None, None, None, None, None, None, OTHER)  # type: ignore[arg-type]
    assert other_box._session("cookie of a phone", COACH_TRIP, TODAY) != one


def test_a_box_takes_so_many_ratings_without_a_ticket_and_no_more(bench: Bench) -> None:
    few = replace(DEFAULT_RATING_RULES, name="few", sessions_most=2, from_day=TODAY)
    bench.operate("net", few.key, few.to_bytes())
    for phone in ("a", "b"):
        without_ticket(bench, phone)
    assert refused(without_ticket, bench, "c") == "rating_sessions_full"


def test_a_box_without_a_trip_has_nothing_to_rate(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    assert refused(without_ticket, bench, "a") == "rating_no_trip"


def test_words_stay_apart_after_a_restart_too(bench: Bench) -> None:
    without_ticket(bench, "a")
    bench.restart()
    assert refused(without_ticket, bench, "a") == "rating_session_done"


def test_a_day_after_its_end_a_trip_is_rated_no_more_unless_the_clock_is_unsure(bench: Bench) -> None:
    in_time, late, unsure = (aboard(bench) for _ in range(3))
    ends_ms = bench.node.timetable.ends_ms(COACH_TRIP, TODAY)
    bench.clock.pass_ms(ends_ms + 24 * HOUR_MS - bench.clock.wall)
    bench.node.ratings.rate(in_time.text, "", 4, (), "", "en")
    bench.clock.pass_ms(1)
    assert refused(bench.node.ratings.rate, late.text, "", 4, (), "", "en") == "rating_late"
    bench.restart()
    bench.clock.wall = NOON_MS - 40 * 86_400_000
    assert not bench.node.clock.sure()
    bench.node.ratings.rate(unsure.text, "", 4, (), "", "en")


def test_tags_are_those_that_the_hub_published_for_this_kind_of_line(bench: Bench) -> None:
    assert refused(rate, bench, 4, "", ("calm_crossing",)) == "rating_tag"
    rate(bench, 4, "", ("no_belt",))
    wifi: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
        ("wifi", ("coach",), {"zh-Hans": "无线网络好"}),
        ("clean", (), {}),
    )
    new = replace(DEFAULT_RATING_RULES, name="new", from_day=TODAY, tags=wifi)
    bench.operate("net", new.key, new.to_bytes())
    assert [tag for tag, _ in bench.node.ratings.tags(COACH_TRIP)] == ["wifi", "clean"]
    rate(bench, 4, "", ("wifi",))
    assert refused(rate, bench, 4, "", ("no_belt",)) == "rating_tag"
    bench.operate("net", new.key, None)
    rate(bench, 4, "", ("no_belt",))


def test_a_driver_hears_words_and_never_who_and_nothing_of_a_few(bench: Bench) -> None:
    said = [(5, "谢谢"), (1, "开太快"), (4, "好"), (2, "晚了")]
    for level, comment in said:
        rate(bench, level, comment)
    here = [(COACH_TRIP, TODAY)]
    assert bench.node.ratings.heard(here) == (0, 0, [])
    assert bench.node.ratings.public_summary(COACH_TRIP, TODAY) == (0, 0)
    rate(bench, 3, "一般")
    count, mean, words = bench.node.ratings.heard(here)
    assert (count, mean) == (5, 30) and bench.node.ratings.public_summary(COACH_TRIP, TODAY) == (5, 30)
    assert [one.comment for one in words] == ["开太快", "晚了", "一般", "好", "谢谢"]
    assert {field for one in words for field in one.__dataclass_fields__} == {"level", "tags", "comment", "language"}
    assert bench.node.ratings.heard([(COACH_TRIP, TODAY - 1)]) == (0, 0, [])


def test_a_few_ratings_are_heard_where_nothing_holds_them_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above."""
    rate(bench, 1, "开太快")
    monkeypatch.setattr(Ratings, "rules_now", lambda self: replace(DEFAULT_RATING_RULES, group_least=1))
    assert [one.comment for one in bench.node.ratings.heard([(COACH_TRIP, TODAY)])[2]] == ["开太快"]


def test_a_second_word_follows_a_bad_rating_once(bench: Bench) -> None:
    follow = bench.node.ratings.follow
    bad, good, silent = rate(bench, 2, "晚了"), rate(bench, 3), aboard(bench)
    assert refused(follow, good.text, "", 5, "", "en") == "rating_no_case"
    assert refused(follow, silent.text, "", 5, "", "en") == "rating_no_case"
    assert refused(follow, bad.text, "", 6, "", "en") == "rating_level"
    follow(bad.number, bad.short_code, 4, "道歉了", "zh-Hans")
    assert refused(follow, bad.text, "", 4, "", "en") == "rating_followed"
    (event,) = logged(bench, RatingFollowed)
    assert event == RatingFollowed(bad.ticket_id.to_bytes(), 4, "道歉了", "zh-Hans")


def test_a_second_word_may_be_said_at_any_box_with_the_whole_code_once_the_ride_is_over(bench: Bench) -> None:
    signed = certificate.issue(Certificate(8, 1, OTHER.public, TODAY, TODAY + 9), bench.hub)
    claims = Claims(TicketId(8, 1, 1), COACH_TRIP, TODAY, 0, 4, 9, 0, NOON_MS // 1000 + 90_000)
    text = ticket.issue(claims, OTHER, signed)
    assert refused(bench.node.ratings.follow, text, "", 4, "", "en") == "rating_no_case"
    bench.clock.pass_ms(2 * 86_400_000)
    bench.node.ratings.follow(text, "", 4, "", "en")
    assert refused(bench.node.ratings.follow, text, "", 4, "", "en") == "rating_followed"


def test_terms_are_told_by_the_published_calendar_and_a_missing_year_is_said(bench: Bench) -> None:
    terms = bench.node.ratings.terms()
    assert (terms.contact_day, terms.resolve_day, terms.missing_year) == (None, None, 2026)
    year = WorkCalendar(2026, "test", (), ())
    bench.operate("net", year.key, year.to_bytes())
    terms = bench.node.ratings.terms()
    assert [f"{date_of(day or 0):%m-%d}" for day in (terms.contact_day, terms.resolve_day)] == ["11-24", "12-14"]
    bench.clock.pass_ms(37 * 86_400_000)
    late = bench.node.ratings.terms()
    assert late.contact_day is not None and (late.resolve_day, late.missing_year) == (None, 2027)


def test_an_older_box_finds_the_words_of_its_log_again(bench: Bench) -> None:
    for level in (5, 5, 4, 4, 1):
        rate(bench, level, f"words {level}")
    before = bench.node.ratings.heard([(COACH_TRIP, TODAY)])
    with bench.node.database.writer as writer:
        writer.execute("UPDATE rating SET seq = 0, epoch = 0")
    assert bench.node.ratings.heard([(COACH_TRIP, TODAY)])[2] == []
    store.add_places(bench.node.database.writer)
    assert bench.node.ratings.heard([(COACH_TRIP, TODAY)]) == before
