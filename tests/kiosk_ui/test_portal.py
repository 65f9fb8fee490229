"""A phone on the bus."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask

from edge.domains.ticketing.service import Ticket
from kiosk_ui.app import create_app, create_portal
from kiosk_ui.screens.portal import trip as trip_page
from sync.catalogue import load
from sync.domains.disruption.operations import Disruption
from sync.domains.notices.operations import Notice
from sync.domains.ratings.operations import PublicScore
from sync.domains.register.operations import DriverFacts, OperatorFacts, VehicleFacts
from sync.kernel.workdays import WorkCalendar
from tests.kiosk_ui.person import Page, Person
from tests.kiosk_ui.test_gate import photograph
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench

PAGE_BYTES = 60_000


@pytest.fixture
def app(vehicle: Bench) -> Flask:
    return create_app(vehicle.node)


@pytest.fixture
def boarded(vehicle: Bench) -> Ticket:
    """A ticket sold and checked on this coach."""
    sold = vehicle.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "key-0001")
    vehicle.node.boarding.check(sold.text, COACH_TRIP, TODAY, "door", CLERK_NO)
    return sold


def show(phone: Person, ticket: str, short_code: str = "") -> Page:
    if "/portal/forget" in phone.see("/portal/ticket").html:
        phone.send("/portal/forget")
    return phone.send("/portal/ticket", ticket=ticket, short_code=short_code)


def test_the_first_page_is_this_trip_with_its_next_stops(vehicle: Bench, passenger: Person) -> None:
    trip = passenger.see("/portal")
    assert "广州" in trip.text and "岭西客运" in trip.text
    assert re.search(r"下一站 端州 15:00", trip.text)
    vehicle.clock.pass_ms(4 * 3_600_000)
    assert re.search(r"下一站 南海 16:20", passenger.see("/portal").text)
    vehicle.clock.pass_ms(24 * 3_600_000)
    assert passenger.see("/portal").status == 200


def test_a_ticket_is_shown_by_number_and_short_code_by_code_or_by_picture(passenger: Person, boarded: Ticket) -> None:
    shown = show(passenger, boarded.number, boarded.short_code.lower())
    assert shown.path == "/portal/ticket" and "15:00" in shown.text and boarded.number in shown.text
    passenger.send("/portal/forget")
    by_code = show(passenger, boarded.text)
    assert "15:00" in by_code.text and boarded.text not in by_code.html
    passenger.send("/portal/forget")
    token = passenger.page.forms[0].values["csrf_token"]
    sent = {"csrf_token": token, "picture": (io.BytesIO(photograph(boarded.text)), "phone.png")}
    assert "15:00" in passenger.post("/portal/ticket", sent).text


def test_a_trip_is_rated_once_a_ticket(vehicle: Bench, passenger: Person, boarded: Ticket) -> None:
    show(passenger, boarded.number, boarded.short_code)
    passenger.see("/portal/rate")
    thanks = passenger.send("/portal/rate", level="4", tags=["clean", "on_time"], comment="很好\r\n谢谢")
    assert thanks.path == "/portal/thanks"
    assert vehicle.node.ratings.summary(COACH_TRIP, TODAY) == (1, 40)
    assert "人评价" not in passenger.see("/portal").text  # one voice is nobody's score
    mine = passenger.see("/portal/ticket")
    assert "已经评价过" in mine.text and "15:00" in mine.text and mine.links.count("/portal/rate") == 1
    assert passenger.see("/portal/rate").status == 409
    again = passenger.post("/portal/rate", {"csrf_token": mine.form("/forget").values["csrf_token"], "level": "1"})
    assert again.status == 409 and "已经评价过" in again.text
    assert "已经评价过" in show(passenger, boarded.number, boarded.short_code).text
    assert vehicle.node.ratings.summary(COACH_TRIP, TODAY) == (1, 40)


def test_two_phones_with_one_ticket_rate_once(vehicle: Bench, app: Flask, boarded: Ticket) -> None:
    phones = [Person(app), Person(app)]
    for phone in phones:
        show(phone, boarded.text)
        phone.see("/portal/rate")
    results = [phone.send("/portal/rate", level="5") for phone in phones]
    assert [page.path for page in results] == ["/portal/thanks", "/portal/rate"]
    assert "已经评价过" in results[1].text
    assert vehicle.node.ratings.summary(COACH_TRIP, TODAY) == (1, 50)


def test_bad_ratings_keep_what_was_written(passenger: Person, boarded: Ticket) -> None:
    show(passenger, boarded.number, boarded.short_code)
    passenger.see("/portal/rate")
    for filled in ({}, {"level": "0"}, {"level": "6"}, {"level": "five"}):
        refused = passenger.send("/portal/rate", comment="慢了一点", **filled)
        assert refused.status == 422 and 'id="level-problem"' in refused.html and "慢了一点" in refused.text
    long = passenger.send("/portal/rate", level="3", comment="长" * 501)
    assert long.status == 422 and 'id="comment-problem"' in long.html
    unknown = passenger.send("/portal/rate", level="3", tags=["clean", "invented"])
    assert unknown.status == 422 and 'id="tags-problem"' in unknown.html


def test_the_wrong_short_code_and_a_wrong_number_say_what_to_do(passenger: Person, boarded: Ticket) -> None:
    wrong = show(passenger, boarded.number, "0000")
    assert wrong.status == 422 and 'id="short_code-problem"' in wrong.html
    assert 'id="ticket-problem"' in show(passenger, "12345").html


def test_a_ticket_not_checked_yet_is_shown_by_its_code_and_can_rate_later(vehicle: Bench, passenger: Person) -> None:
    sold = vehicle.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "key-0002")
    by_number = show(passenger, sold.number, sold.short_code)
    assert by_number.status == 409 and 'id="ticket-problem"' in by_number.html
    shown = show(passenger, sold.text)
    assert "15:00" in shown.text and sold.number in shown.text and "检票后即可评价" in shown.text
    too_early = passenger.see("/portal/rate")
    assert too_early.status == 409 and "检票后即可评价" in too_early.text
    vehicle.node.boarding.check(sold.text, COACH_TRIP, TODAY, "door", CLERK_NO)
    assert passenger.see("/portal/rate").form("/portal/rate").names >= {"level", "tags", "comment"}


def test_rating_without_a_ticket_leads_to_the_ticket(passenger: Person) -> None:
    asked = passenger.see("/portal/rate")
    assert asked.path == "/portal/ticket" and "/portal/rate/open" in asked.links
    assert passenger.see("/portal/follow").path == "/portal/ticket"


def test_a_phone_without_a_ticket_rates_once_and_is_told_that_it_counts_in_no_score(
    vehicle: Bench, app: Flask, passenger: Person
) -> None:
    form = passenger.see("/portal/rate/open")
    assert "单独统计，不计入评分" in form.text and "没有安全带" in form.text and "航行平稳" not in form.text
    refused = passenger.send("/portal/rate/open", comment="晚了")
    assert refused.status == 422 and 'id="level-problem"' in refused.html and "晚了" in refused.text
    assert passenger.send("/portal/rate/open", level="2", tags=["late"], comment="晚了").path == "/portal/thanks"
    again = passenger.see("/portal/rate/open")
    assert "已经评价过" in again.text and not [form for form in again.forms if form.action == "/portal/rate/open"]
    other = Person(app)
    other.see("/portal/rate/open")
    assert other.send("/portal/rate/open", level="5").path == "/portal/thanks"
    assert vehicle.node.ratings.summary(COACH_TRIP, TODAY) == (0, 0)


def test_who_was_not_content_is_told_the_terms_and_has_a_second_word(
    vehicle: Bench, passenger: Person, boarded: Ticket
) -> None:
    show(passenger, boarded.number, boarded.short_code)
    passenger.see("/portal/rate")
    thanks = passenger.send("/portal/rate", level="1", comment="太快")
    assert "1 个工作日内" in thanks.text and "缺少 2026 年的工作日历" in thanks.text
    assert "工作日" not in passenger.see("/portal/thanks").text
    year = WorkCalendar(2026, "test", (), ())
    vehicle.operate("net", year.key, year.to_bytes())
    mine = passenger.see("/portal/ticket")
    assert "/portal/follow" in mine.links
    form = passenger.see("/portal/follow")
    assert boarded.number in form.text and "tags" not in form.form("/portal/follow").names
    assert passenger.send("/portal/follow", level="9").status == 422
    assert passenger.send("/portal/follow", level="4", comment="道歉了").path == "/portal/thanks"
    assert "/portal/follow" not in passenger.see("/portal/ticket").links
    assert passenger.see("/portal/follow").path == "/portal/ticket"


def test_no_page_of_the_portal_weighs_more_than_sixty_kilobytes(passenger: Person, boarded: Ticket) -> None:
    show(passenger, boarded.number, boarded.short_code)
    for address in ("/portal", "/portal/ticket", "/portal/rate", "/portal/thanks", "/portal/emergency"):
        page = passenger.see(address)
        wanted = [a.get("href") for tag, a in page.tags if tag == "link"] + [
            a["src"] for _, a in page.tags if "src" in a
        ]
        parts = [passenger.client.get(str(part)).data for part in dict.fromkeys(wanted)]
        assert len(page.html.encode()) + sum(map(len, parts)) <= PAGE_BYTES, address


def test_the_portal_names_no_clerk_and_no_passenger(passenger: Person, boarded: Ticket) -> None:
    show(passenger, boarded.text)
    for address in ("/portal", "/portal/ticket", "/portal/rate", "/portal/thanks"):
        assert "陈晓" not in passenger.see(address).text


def test_a_station_shows_what_leaves_next(bench: Bench) -> None:
    board = Person(create_app(bench.node)).see("/portal")
    assert "接下来的班次" in board.text and "16:00 桂山岛" in board.text


def announce(vehicle: Bench, number: int, texts: dict[str, str], urgent: bool = False) -> None:
    said = Notice(number, 1, texts, TODAY, TODAY, urgent, number)
    vehicle.operate("operator/1", said.key, said.to_bytes())


def test_what_the_operator_says_stands_in_the_passengers_language_the_urgent_above(vehicle: Bench, app: Flask) -> None:
    announce(vehicle, 1, {"zh-Hans": "车上有热水", "en": "Hot water <on board>"})
    announce(vehicle, 2, {"zh-Hans": "台风，改走国道"}, urgent=True)
    english = Person(app, "en").see("/portal")
    assert "Hot water &lt;on board&gt;" in english.html and "车上有热水" not in english.text
    assert '<span lang="zh-Hans">台风，改走国道</span>' in english.html
    assert english.text.index("台风") < english.text.index("Next stop") < english.text.index("Hot water")
    vehicle.clock.pass_ms(24 * 3_600_000)
    assert "Hot water" not in Person(app, "en").see("/portal").text


def test_a_trip_that_comes_late_shows_when_it_comes_and_when_it_should_have(vehicle: Bench, passenger: Person) -> None:
    said = Disruption("delayed", 25, "塞车", 1)
    vehicle.operate("operator/1", f"disruption/{COACH_TRIP}/{TODAY}", said.to_bytes())
    late = passenger.see("/portal").text
    assert re.search(r"下一站 端州 15:25", late) and "原定 15:00" in late and "晚约 25 分钟" in late
    vehicle.clock.pass_ms(3 * 3_600_000 + 60_000)
    assert re.search(r"下一站 端州 15:25", passenger.see("/portal").text)


def test_in_an_emergency_one_sees_whom_to_call_where_one_is_and_what_to_do(passenger: Person) -> None:
    passenger.see("/portal")
    assert "/portal/emergency" in passenger.page.links
    page = passenger.see("/portal/emergency?lang=en")
    assert "tel:120" in page.links and "Ambulance" in page.text and "hammer" in page.text
    assert re.search(r"say: DG → Guangzhou · Next stop Duanzhou", page.text)


def test_on_a_ferry_one_is_told_of_the_life_jacket(vehicle: Bench, app: Flask) -> None:
    vehicle.node.boarding.choose(FERRY_TRIP, TODAY, CLERK_NO)
    page = Person(app, "en").see("/portal/emergency")
    assert "life jacket" in page.text and "hammer" not in page.text


def test_the_link_on_the_paper_shows_the_ticket(vehicle: Bench, boarded: Ticket) -> None:
    station = Person(create_app(vehicle.node))
    station.sign_in()
    printed = station.see(f"/tickets/{boarded.number}/print").text
    (link,) = re.findall(r"yipiao\.internal(/t/\S+)", printed)
    phone = Person(create_portal(vehicle.node))
    assert "15:00" in phone.see(link).text and phone.page.path == "/portal/ticket"
    assert "15:00" in phone.see("/portal/ticket").text
    assert phone.see("/portal" + link.lower()).path == "/portal/ticket"


@pytest.mark.parametrize("link", ["/t/12345/ABCD", "/t/x/y", "/t/%00/%00", "/t/" + "9" * 300 + "/A"])
def test_a_link_that_is_none_says_so_and_leads_to_the_form(vehicle: Bench, link: str) -> None:
    phone = Person(create_portal(vehicle.node))
    page = phone.see(link)
    assert 400 <= page.status < 500 and 'id="ticket-problem"' in page.html
    assert page.form("/portal/ticket").names >= {"ticket", "short_code"}
    assert phone.see("/portal/ticket").status == 200


def test_short_codes_are_not_found_by_trying_links(vehicle: Bench, boarded: Ticket) -> None:
    phone = Person(create_portal(vehicle.node))
    statuses = [phone.see(f"/t/{boarded.number}/A{number:03d}").status for number in range(40)]
    assert statuses[0] == 422 and statuses[-1] == 429


def test_what_the_driver_says_goes_before_the_timetable(vehicle: Bench, app: Flask) -> None:
    duties, where, phone = vehicle.node.duties, (COACH_TRIP, TODAY), Person(app, "en")
    vehicle.clock.pass_ms(3 * 3_600_000)
    duties.start(where, CLERK_NO)
    assert "Next stop Duanzhou" in phone.see("/portal").text  # nobody called a stop yet
    duties.leave(where, CLERK_NO, 0)
    assert re.search(r"Next stop Dinghu 15:20", phone.see("/portal").text) and "driver's last word" in phone.page.text
    duties.reach(where, CLERK_NO, 1)
    duties.delay(where, CLERK_NO, 40, "traffic", "bridge closed")
    page = phone.see("/portal").text
    assert re.search(r"Now at Dinghu 16:01", page) and "Why: traffic. bridge closed" in page and "planned 16:21" in page
    duties.cut_short(where, CLERK_NO, 3, "breakdown")
    duties.leave(where, CLERK_NO, 2)
    page = phone.see("/portal").text
    assert "ends at Nanhai" in page and re.search(r"Next stop Nanhai 17:00", page)
    assert not [tag for tag, _ in phone.page.tags if tag == "li"][4:] and "粤H12345" in page


def test_a_trip_that_its_driver_ended_has_arrived(vehicle: Bench, app: Flask) -> None:
    where = (COACH_TRIP, TODAY)
    vehicle.node.boarding.choose(*where, CLERK_NO)
    vehicle.node.duties.start(where, CLERK_NO)
    vehicle.node.duties.end(where, CLERK_NO)
    assert "Arrived" in Person(app, "en").see("/portal").text


def test_a_coach_full_of_phones_is_drawn_one_page_and_each_gets_its_own_token(
    vehicle: Bench, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vehicle.node.exchange.last_contact_mono_ms = vehicle.clock.mono
    drawn: list[str] = []
    draw = trip_page._page

    def count(state: str) -> str:
        drawn.append(state)
        return draw(state)

    monkeypatch.setattr(trip_page, "_page", count)
    pages = [Person(app, language).see("/portal") for language in ("zh-CN", "en") * 5]
    assert drawn == ["open", "open"]
    tokens = [page.form("/portal/wifi").values["csrf_token"] for page in pages]
    assert len(set(tokens)) == len(pages) and not any(trip_page._TOKEN in page.html for page in pages)


@pytest.mark.parametrize("change", ["event", "word of the hub", "time"])
def test_no_phone_sees_a_page_of_a_moment_ago(vehicle: Bench, app: Flask, change: str) -> None:
    phone = Person(app, "en")
    before = phone.see("/portal").text
    if change == "event":
        vehicle.node.duties.start((COACH_TRIP, TODAY), CLERK_NO)
        vehicle.node.duties.delay((COACH_TRIP, TODAY), CLERK_NO, 10, "traffic")
        wanted = "10 minutes later"
    elif change == "time":
        vehicle.clock.pass_ms(3 * 3_600_000 + 61_000)
        wanted = "Next stop Dinghu"
    else:
        announce(vehicle, 1, {"en": "Tea is served"})
        wanted = "Tea is served"
    assert wanted not in before and wanted in phone.see("/portal").text


def test_a_page_that_is_kept_too_long_would_be_noticed(vehicle: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a box for which no moment ever passes."""
    monkeypatch.setattr(type(vehicle.node), "moment", lambda _node: (None, 0, 0))
    phone = Person(create_app(vehicle.node), "en")
    phone.see("/portal")
    announce(vehicle, 1, {"en": "Tea is served"})
    assert "Tea is served" not in phone.see("/portal").text


def test_one_sees_who_runs_the_trip_as_the_register_has_it_and_no_whole_name_of_a_driver(
    vehicle: Bench, passenger: Person
) -> None:
    assert t_of("card_trust") not in passenger.see("/portal").text and "粤H12345" in passenger.page.text
    operator = OperatorFacts("91440000190000000X", {"zh-Hans": "岭西客运"}, "L1", TODAY + 90, "AAA", (1,), TODAY)
    coach = VehicleFacts(1, "coach", "粤H12345", "yellow", 45, "一级", "P1", TODAY + 90, TODAY - 1, 0, TODAY)
    vehicle.operate("register/1", "operator-facts/1", operator.to_bytes())
    vehicle.operate("register/1", "vehicle/5", coach.to_bytes())
    score = PublicScore("driver", str(CLERK_NO), 7, 43, 600, 900, TODAY)
    vehicle.operate("operator/1", score.key, score.to_bytes())
    vehicle.node.duties.start((COACH_TRIP, TODAY), CLERK_NO)
    page = passenger.see("/portal").text
    words = ("4.3", "AAA", "一级", f"工号 {CLERK_NO}", t_of("card_over"), t_of("card_trust"))
    assert all(word in page for word in words) and "陈晓" not in page
    assert page.count(t_of("card_over")) == 1
    driver = DriverFacts(1, "陈*", "A1", TODAY + 90, TODAY + 90, "AA", TODAY, CLERK_NO)
    vehicle.operate("register/1", "driver/6", driver.to_bytes())
    assert f"陈* · 工号 {CLERK_NO} · AA" in passenger.see("/portal").text and "陈晓" not in passenger.page.text
    assert f"陈* 工号 {CLERK_NO}" in passenger.see("/portal/voices").text


def t_of(key: str) -> str:
    return load().text(key, "zh-Hans")
