"""Ticket numbers with area and station: what stands on paper, what is found by it, and what a slip of the finger does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app import create_app
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from sync.kernel.operations import Profile
from sync.kernel.ticket import TicketId
from tests.kiosk_ui.person import Person
from tests.support.nodes import ALL_LEGS, COACH_TRIP, Bench, make_bench, names

AREA, STATION = 441_202, 7
ids = st.builds(TicketId, st.integers(1, 99_999), st.integers(1, 99), st.integers(1, 9_999_999))
areas = st.sampled_from([0, AREA, 110_000, 820_000])
stations = st.integers(0, 999)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 6), ALL_LEGS))
    return found


def tell_codes(bench: Bench, area_code: int = AREA, station_code: int = STATION) -> None:
    profile = Profile(
        7, "station", names("端州汽车站", "端州汽車站", "Duanzhou Station"), (1,), 2, area_code, station_code
    )
    bench.operate("node/7", "profile", profile.to_bytes())


@given(ids, areas, stations)
def test_a_printed_number_names_its_ticket_and_so_does_the_one_without_area(
    ticket_id: TicketId, area_code: int, station_code: int
) -> None:
    printed = ticket_id.printed(area_code, station_code)
    assert TicketId.from_number(printed) == TicketId.from_number(ticket_id.number) == ticket_id
    assert TicketId.from_number(printed.replace("-", " ")) == ticket_id
    assert not ticket.mistyped(printed)


@given(ids, areas, stations, st.data())
def test_one_wrong_digit_is_always_caught(
    ticket_id: TicketId, area_code: int, station_code: int, data: st.DataObject
) -> None:
    digits = ticket_id.printed(area_code, station_code).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[at]]))
    wrong = digits[:at] + other + digits[at + 1 :]
    assert TicketId.from_number(wrong) is None and ticket.mistyped(wrong)


@given(ids, stations, st.integers(0, 23))
def test_two_neighbours_that_changed_places_are_always_caught(ticket_id: TicketId, station_code: int, at: int) -> None:
    digits = ticket_id.printed(AREA, station_code).replace("-", "")
    swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert swapped == digits or TicketId.from_number(swapped) is None


def test_no_two_tickets_have_one_number_and_serials_have_no_gaps(bench: Bench) -> None:
    tell_codes(bench)
    first = bench.sell()
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=first.seat)
    sold = [first, bench.sell(), bench.sell()]
    assert [one.ticket_id.serial for one in sold] == [1, 2, 3]
    assert [one.paper_number[:27] for one in sold] == [f"441202-007-00007-01-000000{n}"[:27] for n in (1, 2, 3)]
    assert len({one.paper_number for one in sold}) == 3


def test_paper_from_before_the_codes_came_is_still_found(bench: Bench) -> None:
    old = bench.sell()
    assert old.paper_number == old.number, "without an area the number is as it was"
    tell_codes(bench)
    for text in (old.number, bench.node.ticketing.find(old.number).paper_number, old.text):
        assert bench.node.ticketing.find(text).ticket_id == old.ticket_id
    tell_codes(bench, 440_100, 1)  # the station moves: paper with the old codes stays good
    assert bench.node.ticketing.find(old.ticket_id.printed(AREA, STATION)).ticket_id == old.ticket_id


def test_a_slip_of_the_finger_is_said_beside_the_field(bench: Bench) -> None:
    tell_codes(bench)
    sold, clerk = bench.sell(), Person(create_app(bench.node))
    clerk.sign_in()
    assert sold.paper_number in clerk.see(f"/tickets/{sold.number}/print").text
    last = sold.paper_number[-1]
    wrong = sold.paper_number[:-1] + str((int(last) + 1) % 10)
    for text in (wrong, sold.number[:-1], sold.paper_number + "1"):
        clerk.see("/clerk")
        refused = clerk.send("/clerk/find", ticket=text)
        assert refused.status == 422 and "车票号码不对" in refused.text, text
    clerk.see("/clerk")
    assert clerk.send("/clerk/find", ticket=sold.paper_number).path == f"/clerk/tickets/{sold.number}"


@pytest.mark.parametrize(
    ("area_code", "station_code", "code"),
    [(441_202, 1_000, "station_code"), (441_202, -1, "station_code"), (1, 1, "area_code"), (0, 1, "area_code"),
     (991_200, 1, "area_code"), (4_412_020, 1, "area_code"), (-441_202, 1, "area_code")],
)  # fmt: skip
def test_codes_that_can_not_be_are_refused(area_code: int, station_code: int, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        ticket.check_codes(area_code, station_code)
    ticket.check_codes(AREA, 999)
    ticket.check_codes(0, 0)
