"""A passenger is not content; the operator's office answers in public; on board everybody reads it, and the passenger has
the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud.domains.timetable.service import lines_of
from tests.browser.people import WORDS, Admin, Agent, Inspector, Office, Rider
from tests.browser.stage import follow, until
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
STOP = "开平潭江客运站"
COMMENT = "No announcement at all"
ANSWER = "We are sorry; the speaker is repaired."


def test_an_operator_answers_a_bad_rating(stage: Stage) -> None:
    trip_no, day = stage.demo.plan.coach_trips[6], stage.demo.plan.day
    with stage.demo.hub_database.read() as tx:
        agency_no = lines_of(tx, [trip_no])[trip_no][0]
    admin = Admin(stage)
    until(admin.up_to_date, "all nodes to have their seats")
    mine = Agent(stage, "village").sell(STOP, day, trip_no)
    inspector = Inspector(stage, "coach-1")
    inspector.choose(trip_no, day)
    assert inspector.scan(mine.code).startswith("green")
    rider = Rider(stage, "coach-1", "en")
    rider.show_ticket(mine)
    rider.open_rating()
    assert "within 1 working days" in rider.rate("Very poor", "Rude", COMMENT)
    inspector.connect_now()

    office = Office(stage, "岭西客运", agency_no)
    until(lambda: COMMENT in office.cases(), "the bad rating to reach the hub")
    story = office.open_case(COMMENT)
    assert mine.number not in story and mine.short_code not in story
    assert barriers(office.page) == []
    assert ANSWER in office.act(WORDS.text("console_act_reply", "en"), ANSWER)

    def read_on_board() -> bool:
        inspector.connect_now()
        rider.page.goto(f"{stage.address('coach-1')}/portal/voices")
        return ANSWER in rider.page.inner_text("main")

    until(read_on_board, "the answer to reach the coach")
    rider.page.goto(f"{stage.address('coach-1')}/portal/ticket")
    follow(rider.page, "a[href='/portal/follow']")
    rider.page.click(".levels label >> text=Good")
    follow(rider.page, "form:has(#comment) button")
    assert WORDS.text("rating_thanks", "en") in rider.page.inner_text("main")
    assert stage.complaints == []
