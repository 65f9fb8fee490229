"""The main job from the first touch to the admin's books, on the real pages of the running demo, with the hub away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.catalogue import LANGUAGES
from tests.browser.people import WORDS, Admin, Agent, Inspector, Passenger, Rider
from tests.browser.stage import until

if TYPE_CHECKING:
    from tests.browser.people import Bought
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(180)]
STOP = "开平潭江客运站"
STOP_EN = "Kaiping Tanjiang Coach Station"
COMMENT = "Smooth ride, 师傅很稳"


def test_a_passenger_buys_boards_and_rates_with_the_hub_away_and_the_admin_sees_it_all(stage: Stage) -> None:
    plan = stage.demo.plan
    trip_no, other_trip_no, day = plan.coach_trips[2], plan.coach_trips[3], plan.day
    admin = Admin(stage)
    until(admin.up_to_date, "all nodes to know the timetable, each other's keys and their seats")
    stage.demo.processes["hub"].stop()

    agent = Agent(stage, "village")
    mine = buy_at_the_kiosk(stage, agent, trip_no, day)
    family, stranger = agent.sell(STOP, day, trip_no), agent.sell(STOP, day, other_trip_no)
    inspector = Inspector(stage, "coach-1")
    board(inspector, trip_no, day, mine, family, stranger)
    rate_once(stage, mine)
    assert agent.waiting_events() > 0 and inspector.waiting_events() > 0

    stage.demo.processes["hub"].start()
    stage.demo.processes["hub"].wait_ready()
    agent.connect_now()
    inspector.connect_now()
    until(admin.up_to_date, "every log to reach the hub")
    look_into_the_books(admin, trip_no, day, [mine, family])
    assert stage.complaints == []


def buy_at_the_kiosk(stage: Stage, agent: Agent, trip_no: int, day: int) -> Bought:
    """Destination, date, trip, seat, order; the agent has the cash; the ticket appears and is on the paper too."""
    passenger = Passenger(stage, "village")
    before = passenger.look_for_seats(STOP, day, trip_no)
    seat, price = passenger.order()
    assert before > 1 and price == "¥36.00"
    assert agent.take_cash(seat, "100") == "¥64.00"
    bought = passenger.take_ticket()
    assert bought.seat == seat
    assert passenger.paper_code() == bought.code
    assert passenger.leave() == WORDS.text("kiosk_start", "zh-Hans")
    assert passenger.look_for_seats(STOP, day, trip_no) == before - 1
    return bought


def board(inspector: Inspector, trip_no: int, day: int, mine: Bought, family: Bought, stranger: Bought) -> None:
    """Green, red for the same again, green for a photograph, red for another trip's ticket; two are on board."""
    inspector.choose(trip_no, day)
    first = inspector.scan(mine.code)
    assert first.startswith("green") and mine.seat in first and STOP in first
    again = inspector.scan(mine.code)
    assert again.startswith("red") and WORDS.text("reason_already_used", "zh-Hans") in again
    photographed = inspector.show_picture(family.photo)
    assert photographed.startswith("green") and family.seat in photographed and family.number in photographed
    wrong = inspector.scan(stranger.code)
    assert wrong.startswith("red") and WORDS.text("reason_wrong_trip", "zh-Hans") in wrong
    assert inspector.page.inner_text("#counts").startswith("2")


def rate_once(stage: Stage, mine: Bought) -> None:
    """Two phones hold the same ticket and have the form open; the first to send is the one that counts."""
    phones = [Rider(stage, "coach-1", "en") for _ in range(2)]
    for phone in phones:
        assert STOP_EN in phone.show_ticket(mine)
        phone.open_rating()
    assert WORDS.text("rating_thanks", "en") in phones[0].rate("Very good", "On time", COMMENT)
    assert WORDS.text("rating_done", "en") in phones[1].rate("Very poor", "Late", "")
    one_voice = WORDS.text("portal_summary", "en", mean="5.0", count=1)  # is nobody's score
    assert one_voice not in phones[0].page_of_the_trip()


def look_into_the_books(admin: Admin, trip_no: int, day: int, sold: list[Bought]) -> None:
    """The sale, the seat, the rating, and where every node stands, in three languages."""
    books = admin.see(f"trips/{trip_no}/{day}")
    for bought in sold:
        assert bought.number in books
        row = admin.page.locator("table.seats tr", has_text=bought.seat)
        assert row.locator(".cell.sold").count() > 0
    admin.see("sales")
    sale = admin.page.locator("tbody tr", has=admin.page.locator(f"a[href$='/trips/{trip_no}/{day}']"))
    assert sale.locator("td.number").all_inner_texts()[:3] == ["2", "CN¥72.00", "2"]
    ratings = admin.see("ratings")
    assert COMMENT in ratings and WORDS.text("tag_on_time", "en") in ratings
    for language in LANGUAGES:
        rows = admin.boxes(language)
        assert admin.page.get_attribute("html", "lang") == language
        assert admin.page.inner_text("h1") == WORDS.text("console_nodes", language)
        positions = [row[WORDS.text("console_log_held", language)].split(" / ") for row in rows]
        assert len(positions) == 4 and all(held == own for held, own in positions)
