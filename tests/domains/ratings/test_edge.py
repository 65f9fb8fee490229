"""Rating on the box: who was on board, once a ticket, proven by the ticket or by its short code."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge.domains.ratings.service import MISSES, MISSES_MS
from sync.domains import EVENTS
from sync.domains.ratings.events import TripRated
from sync.kernel import certificate, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
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


def rate(bench: Bench, text: str, short_code: str = "", level: int = 5, **more: object) -> None:
    words = {"tags": [], "comment": "", "language": "en"} | more
    bench.node.ratings.rate(text, short_code, level, **words)  # type: ignore[arg-type]


def refused(bench: Bench, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as raised:
        rate(bench, *args, **more)  # type: ignore[arg-type]
    return raised.value.code


def logged(bench: Bench) -> list[TripRated]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    events = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in events if isinstance(event, TripRated)]


def test_a_ticket_rates_its_trip_once(bench: Bench) -> None:
    sold = aboard(bench)
    rate(bench, sold.text, level=4, tags=["late", "clean"], comment="  很好\u202e👍\n谢谢 ", language="zh-Hant")
    (event,) = logged(bench)
    assert (event.trip_no, event.day, event.level, event.tags) == (COACH_TRIP, TODAY, 4, ("clean", "late"))
    assert (event.comment, event.language) == ("很好👍\n谢谢", "zh-Hant")
    assert refused(bench, sold.text) == "rating_done"
    assert refused(bench, sold.number, sold.short_code) == "rating_done"
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (1, 40)


def test_a_rating_stays_given_after_a_restart(bench: Bench) -> None:
    sold = aboard(bench)
    rate(bench, sold.text)
    bench.restart()
    assert refused(bench, sold.text) == "rating_done"


def test_one_ticket_in_eight_threads_rates_once(bench: Bench) -> None:
    sold, gate, codes = aboard(bench), threading.Barrier(8), []

    def passenger() -> None:
        gate.wait(10)
        try:
            rate(bench, sold.text)
            codes.append("rated")
        except Refusal as error:
            codes.append(error.code)

    threads = [threading.Thread(target=passenger) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(codes) == ["rated"] + ["rating_done"] * 7
    assert len(logged(bench)) == 1


def test_the_number_with_the_short_code_is_proof_enough(bench: Bench) -> None:
    sold = aboard(bench)
    for wrong in ("", "0000", sold.short_code[:3], sold.short_code + "2"):
        assert refused(bench, sold.number, wrong) == "short_code_wrong"
    rate(bench, sold.number, f" {sold.short_code.lower()} ")


def test_short_codes_can_not_be_guessed_by_trying_them_all(bench: Bench) -> None:
    sold = aboard(bench)
    for number in range(MISSES):
        assert refused(bench, sold.number, f"{number:04d}") == "short_code_wrong"
    assert refused(bench, sold.number, sold.short_code) == "short_code_later"
    bench.clock.wall += 10 * MISSES_MS
    assert refused(bench, sold.number, sold.short_code) == "short_code_later"
    rate(bench, aboard(bench).text)  # who has the whole ticket need not wait
    bench.clock.mono += MISSES_MS
    rate(bench, sold.number, sold.short_code)


def test_a_passenger_sees_the_ride_of_his_ticket_before_it_boards(bench: Bench) -> None:
    sold = bench.sell(1, 3)
    ride, ticket_id = bench.node.ratings.ride_of(sold.text)
    assert (ride.from_idx, ride.to_idx, ticket_id) == (1, 3, sold.ticket_id)
    with pytest.raises(Refusal, match="rating_not_boarded"):
        bench.node.ratings.ride_of(sold.number, sold.short_code)
    with pytest.raises(Refusal, match="rating_ticket_unknown"):
        bench.node.ratings.ride_of(ticket.issue(ticket.parse(sold.text).claims, OTHER))


def test_nobody_rates_a_trip_that_he_was_not_on(bench: Bench) -> None:
    sold = bench.sell()
    assert refused(bench, sold.text) == "rating_not_boarded"
    assert refused(bench, sold.number, sold.short_code) == "rating_not_boarded"
    assert refused(bench, TicketId(9, 1, 5).number, "ABCD") == "rating_not_boarded"


def test_a_ticket_that_is_none_or_forged_rates_nothing(bench: Bench) -> None:
    sold = aboard(bench)
    claims = ticket.parse(sold.text).claims
    assert refused(bench, "hello") == "ticket_form"
    assert refused(bench, "Y1:\ud800") == "ticket_form"
    assert refused(bench, ticket.issue(claims, OTHER)) == "rating_ticket_unknown"
    own_word = certificate.issue(Certificate(7, 1, OTHER.public, TODAY, TODAY + 9), OTHER)
    assert refused(bench, ticket.issue(claims, OTHER, own_word)) == "rating_ticket_unknown"
    assert logged(bench) == []


def test_a_ticket_of_another_box_that_was_boarded_here_rates_here(bench: Bench) -> None:
    signed = certificate.issue(Certificate(8, 1, OTHER.public, TODAY, TODAY + 9), bench.hub)
    text = ticket.issue(
        Claims(TicketId(8, 1, 1), COACH_TRIP, TODAY, 0, 4, 9, 0, NOON_MS // 1000 + 90_000), OTHER, signed
    )
    assert bench.node.boarding.check(text, COACH_TRIP, TODAY, "g1", CLERK_NO).colour == "green"
    rate(bench, text, level=1)
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (1, 10)


def test_levels_tags_and_words_outside_their_bounds_are_refused_and_leave_the_ticket_unused(bench: Bench) -> None:
    sold = aboard(bench)
    for level in (0, 6, -1):
        assert refused(bench, sold.text, level=level) == "rating_level"
    assert refused(bench, sold.text, tags=["clean", "<script>"]) == "rating_tag"
    assert refused(bench, sold.text, comment="长" * 501) == "rating_comment_long"
    rate(bench, sold.text, comment="长" * 500)


def test_an_unknown_language_is_kept_as_the_first(bench: Bench) -> None:
    sold = aboard(bench)
    rate(bench, sold.text, language="xx'; DROP TABLE rating")
    assert logged(bench)[0].language == "zh-Hans"


def test_the_mean_is_rounded_half_up_and_without_floats(bench: Bench) -> None:
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (0, 0)
    for level in (5, 4, 4):
        rate(bench, aboard(bench).text, level=level)
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (3, 43)
    rate(bench, aboard(bench).text, level=4)
    assert bench.node.ratings.summary(COACH_TRIP, TODAY) == (4, 43)


def test_no_words_of_a_passenger_stand_outside_the_log(bench: Bench) -> None:
    rate(bench, aboard(bench).text, comment="the driver has a red scarf")
    connection = bench.node.database.read()
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        if table != "event_log":
            assert "red scarf" not in repr(connection.execute(f"SELECT * FROM {table}").fetchall())


def test_the_ride_of_a_ticket_is_shown_before_it_rates(bench: Bench) -> None:
    sold = aboard(bench)
    ride, ticket_id = bench.node.ratings.rateable(sold.number, sold.short_code)
    assert (ride.trip_no, ride.day, ticket_id) == (COACH_TRIP, TODAY, sold.ticket_id)
    assert logged(bench) == []
