"""What other passengers said, on a phone on the bus."""

from __future__ import annotations

import pytest
from flask import Flask

from kiosk_ui.app import create_app
from sync.domains.ratings.operations import PublicScore, RatingAnswer
from sync.kernel.operations import Clerk
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY, Bench, pin_hash

DRIVER_NO = 31


@pytest.fixture
def app(vehicle: Bench) -> Flask:
    return create_app(vehicle.node)


def test_a_passenger_reads_how_the_trip_is_rated_and_what_the_operator_answered_with_no_line(
    vehicle: Bench, passenger: Person
) -> None:
    assert "核实评价还不到 5 条" in passenger.see("/portal/voices").text
    agency_no, line_no = vehicle.node.timetable.agency_no(COACH_TRIP), vehicle.node.timetable.route(COACH_TRIP)[0]
    stream = f"operator/{agency_no}"
    for score in (
        PublicScore("vehicle", "粤H12345", 23, 43, 620, 911, TODAY),
        PublicScore("line", str(line_no), 5, 44, 376, 964, TODAY),
        PublicScore("line", str(line_no + 1), 99, 11, 0, 10, TODAY),
    ):
        vehicle.operate(stream, score.key, score.to_bytes())
    words = RatingAnswer(agency_no, line_no, 2, ("late",), "晚了 <b>", "zh-Hans", "很抱歉", "", True, TODAY)
    hidden = RatingAnswer(agency_no, line_no, 1, (), "", "zh-Hans", "", "含有电话号码", False, TODAY)
    for pos, answer in ((5, words), (6, hidden)):
        vehicle.operate(stream, f"answer/{pos}", answer.to_bytes())
    page = passenger.see("/portal/voices")
    assert "4.3 分（满分 5 分），23 条核实评价" in page.text and "62% 到 92% 之间" in page.text
    assert "粤H12345" in page.text and "4.4 分" in page.text and "1.1 分" not in page.text and "截至" in page.text
    assert (
        "晚了 <b>" in page.text and "承运人答复： 很抱歉" in page.text and "评语已隐藏，理由：含有电话号码" in page.text
    )
    assert "/portal/voices" in passenger.see("/portal").links
    vehicle.operate(stream, "answer/5", None)
    vehicle.operate(stream, PublicScore("vehicle", "粤H12345", 0, 0, 0, 0, 0).key, None)
    page = passenger.see("/portal/voices")
    assert "很抱歉" not in page.text and "粤H12345" not in page.text


def test_a_driver_hears_of_the_own_trips_together_and_never_of_a_handful(vehicle: Bench, app: Flask) -> None:
    def rated(count: int, level: int, comment: str) -> None:
        for _ in range(count):
            sold = vehicle.sell()
            vehicle.node.boarding.check(sold.text, COACH_TRIP, TODAY, "door", CLERK_NO)
            vehicle.node.ratings.rate(sold.text, "", level, (), comment, "zh-Hans")

    account = Clerk(DRIVER_NO, "李师傅", ("driver",), pin_hash())
    vehicle.operate("node/7", f"clerk/{DRIVER_NO}", account.to_bytes())
    driver = Person(app)
    driver.sign_in(DRIVER_NO)
    vehicle.node.duties.start((COACH_TRIP, TODAY), DRIVER_NO)
    rated(4, 5, "开得稳")
    few = driver.see("/driver/heard").text
    assert "开得稳" not in few and "核实评价还不到 5 条" in few
    rated(1, 1, "太快")
    page = driver.see("/driver/heard").text
    assert "4.2 分" in page and "太快" in page and page.count("开得稳") == 4 and "15:00" not in page
    assert "/driver/heard" in driver.see("/driver").links
    assert vehicle.node.duties.driven(DRIVER_NO + 1, 31) == []
