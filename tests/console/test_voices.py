"""Bad ratings and who answers for them: the operator's office in its own limits, the office of the hub, and the terms."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cloud.domains.ratings.answers import reading
from cloud.domains.ratings.publish import publish_calendar
from cloud.domains.ratings.tables import rating, rating_act
from cloud.domains.timetable import service as timetable
from cloud.kernel import streams
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import RatingFollowed, TripRated
from sync.domains.ratings.operations import RatingAnswer
from sync.kernel import workdays
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Refusal
from sync.kernel.operations import operator_stream
from sync.kernel.ticket import TicketId
from tests.console.world import PASSPHRASE, ConsoleWorld, Person
from tests.tooling.tree import ROOT

ZONE = "Asia/Shanghai"
SECRETS = ("AB12", "门1")


def agency_of(world: ConsoleWorld, trip_no: int) -> int:
    with world.hub.database.read() as tx:
        facts = timetable.trip_facts(tx, trip_no)
    assert facts is not None
    return facts.agency_no


def office(world: ConsoleWorld, name: str, agency_no: int) -> Person:
    """An operator's own account."""
    once = world.accounts.add(name, "operator", "test", agency_no)
    person = world.person().sign_in(name, once)
    person.post("/console/passphrase", old=once, new=PASSPHRASE, repeated=PASSPHRASE)
    return world.person().sign_in(name)


def bad_one(world: ConsoleWorld) -> int:
    """The one bad rating of the world."""
    with world.hub.database.read() as tx:
        return int(tx.execute(sa.select(rating.c.pos).where(rating.c.level == 2)).scalar_one())


def story(world: ConsoleWorld, pos: int) -> reading.Voice:
    with world.hub.database.read() as tx:
        return reading.voice(tx, ZONE, pos)


def answer(world: ConsoleWorld, agency_no: int, pos: int) -> RatingAnswer | None:
    with world.hub.database.read() as tx:
        body = streams.body(tx, operator_stream(agency_no), f"answer/{pos}")
    return None if body is None else RatingAnswer.from_bytes(body)


def act(person: Person, pos: int, kind: str, text: str = "words") -> int:
    return person.post(f"/console/voices/{pos}", form="/console/account", kind=kind, text=text).status_code


def test_an_operator_answers_and_settles_a_bad_rating_and_its_passengers_read_it(world: ConsoleWorld) -> None:
    pos, agency_no = bad_one(world), agency_of(world, world.trip[0])
    person = office(world, "岭西客运", agency_no)
    page = person.get("/console/voices?cases=1").text
    assert "Left eight minutes late." in page and "待答复" in page and not any(secret in page for secret in SECRETS)
    assert act(person, pos, "resolved", "too early") == 409
    assert act(person, pos, "reply", " ") == 422
    assert answer(world, agency_no, pos) is None
    assert act(person, pos, "reply", "很抱歉，已调整发车安排。") == 302
    assert act(person, pos, "resolved", "已处理") == 302
    assert act(person, pos, "resolved", "again") == 409
    told = answer(world, agency_no, pos)
    assert told is not None and (told.level, told.reply, told.resolved) == (2, "已处理", True)
    assert told.comment == "Left eight minutes late." and not told.hidden
    box = world.boxes["肇庆站-1"]
    with world.hub.database.read() as tx:
        (ticket,) = tx.execute(sa.select(rating.c.ticket_id).where(rating.c.pos == pos)).scalars()
    box.append(RatingFollowed(bytes(ticket), 4, "好多了", "zh-Hans"))
    box.visit()
    found = story(world, pos)
    assert (found.follow_level, found.follow_comment, found.overdue(1 << 20)) == (4, "好多了", "")
    page = person.get(f"/console/voices/{pos}").text
    assert "好多了" in page and "已处理完" in page


def test_an_operators_office_sees_its_own_ratings_and_nothing_else(world: ConsoleWorld) -> None:
    pos, agency_no = bad_one(world), agency_of(world, world.trip[0])
    other = agency_of(world, world.ferry[0])
    assert other != agency_no
    stranger = office(world, "另一家", other)
    assert "Left eight minutes late." not in stranger.get(f"/console/voices?operator={agency_no}").text
    assert stranger.get(f"/console/voices/{pos}").status_code == 404
    assert act(stranger, pos, "reply") == 403
    for address in ("nodes", "sales", "ratings", "alerts", "clerks", "audit", "travellers", "quarantine"):
        assert stranger.get(f"/console/{address}").status_code == 403, address
    assert stranger.get("/console/").headers["Location"] == "/console/voices"
    for address in ("/api/v1/ratings", "/api/v1/nodes"):
        assert stranger.get(address).status_code == 403
    with world.hub.database.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(rating_act)).scalar_one() == 0


def test_the_wall_between_operators_stands_on_the_number_of_the_account(
    world: ConsoleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: without the look at whose trip it is, anybody's office would answer."""
    stranger = office(world, "另一家", agency_of(world, world.ferry[0]))
    monkeypatch.setattr("cloud.domains.ratings.answers.deciding.Cases._check_right", lambda *_: None)
    assert act(stranger, bad_one(world), "reply") == 302


def test_an_account_of_an_operator_names_one_and_no_other_does(bare: ConsoleWorld) -> None:
    for role, agency_no in (("operator", 0), ("viewer", 3), ("admin", 3)):
        with pytest.raises(Refusal, match="admin_operator"):
            bare.accounts.add("somebody", role, "test", agency_no)


def test_hiding_needs_a_reason_and_is_itself_seen_and_nothing_is_deleted(world: ConsoleWorld) -> None:
    pos, agency_no = bad_one(world), agency_of(world, world.trip[0])
    operator, admin, viewer = (
        office(world, "岭西客运", agency_no),
        world.add_admin("王敏"),
        world.add_admin("看", "viewer"),
    )
    assert act(operator, pos, "hide") == 403 and act(viewer, pos, "hide") == 403
    assert act(admin, pos, "hide", "") == 422 and act(admin, pos, "reply") == 403
    assert act(admin, pos, "hide", "含有电话号码") == 302 and act(admin, pos, "hide", "again") == 409
    told = answer(world, agency_no, pos)
    assert told is not None and (told.comment, told.tags, told.hidden, told.level) == ("", (), "含有电话号码", 2)
    assert "评语已隐藏，理由：含有电话号码" in admin.get("/console/voices").text
    assert story(world, pos).comment == "Left eight minutes late."
    assert act(admin, pos, "show", "") == 302
    assert answer(world, agency_no, pos) is None
    assert [one.kind for one in story(world, pos).acts] == ["hide", "show"]


def test_a_dispute_waits_for_the_office_of_the_hub(world: ConsoleWorld) -> None:
    pos, agency_no = bad_one(world), agency_of(world, world.trip[0])
    operator, admin = office(world, "岭西客运", agency_no), world.add_admin("王敏")
    assert act(admin, pos, "upheld") == 409
    assert act(operator, pos, "dispute", "准点发车，有记录") == 302 and act(operator, pos, "dispute") == 409
    assert story(world, pos).disputed == "dispute" and story(world, pos).settled is None
    assert act(admin, pos, "upheld", "核实无误") == 302
    found = story(world, pos)
    assert found.disputed == "upheld" and found.settled is not None
    with world.hub.database.read() as tx:
        assert tx.execute(sa.select(rating.c.level).where(rating.c.pos == pos)).scalar_one() == 2


def test_terms_run_in_working_days_and_what_is_late_stands_first_of_all(world: ConsoleWorld) -> None:
    pos, admin = bad_one(world), world.add_admin("王敏")
    assert "缺少 2026 年的工作日历" in admin.get("/console/").text
    table = (ROOT / "docs/operating/workdays-2026.csv").read_text(encoding="utf-8")
    with world.hub.database.write() as tx:
        publish_calendar(tx, workdays.read_csv(2026, "国务院办公厅", table))
    assert "缺少 2026 年" not in admin.get("/console/").text
    terms = story(world, pos).terms
    assert terms is not None and terms.contact_day is not None and terms.resolve_day is not None
    assert story(world, pos).overdue(terms.contact_day) == ""
    assert story(world, pos).overdue(terms.contact_day + 1) == "contact"
    world.clock.now_ms += 6 * DAY_MS
    late = world.add_admin("李")  # sessions have ended meanwhile
    assert "1 条差评超期" in late.get("/console/").text and "答复超期" in late.get("/console/voices").text
    operator = office(world, "岭西客运", agency_of(world, world.trip[0]))
    act(operator, pos, "reply")
    assert story(world, pos).overdue(terms.resolve_day) == ""
    assert story(world, pos).overdue(terms.resolve_day + 1) == "resolve"


def test_a_departure_that_few_rated_is_not_told_to_its_operator(world: ConsoleWorld) -> None:
    box, agency_no = world.boxes["肇庆站-1"], agency_of(world, world.trip[0])
    person = office(world, "岭西客运", agency_no)
    with world.hub.database.read() as tx:
        label = timetable.trip_label(tx, *world.trip, "zh-Hans")
    assert label.time and label.time not in person.get("/console/voices").text
    assert label.time in world.add_admin("王敏").get("/console/voices").text
    for serial in (101, 102):
        ticket = TicketId(box.node_no, box.epoch, serial).to_bytes()
        box.append(TicketBoarded(ticket, *world.trip, 0, 1, 0, "门1", 1, "AB12", True))
        box.append(TripRated(ticket, *world.trip, 5, (), "", "en"))
    box.visit()
    assert label.time in person.get("/console/voices").text


def test_an_unverified_bad_rating_opens_no_case(world: ConsoleWorld) -> None:
    box = world.boxes["肇庆站-1"]
    box.append(TripRated(TicketId(box.node_no, box.epoch, 500).to_bytes(), *world.trip, 1, (), "从没上过车", "zh-Hans"))
    box.visit()
    with world.hub.database.read() as tx:
        found = {one.comment: one for one in reading.voices(tx, ZONE)}
        cases: list[Any] = reading.voices(tx, ZONE, cases=True)
    assert found["从没上过车"].opened_ms is None and not found["从没上过车"].verified
    assert [one.comment for one in cases] == ["Left eight minutes late."]


def test_scores_are_drawn_by_month_and_hour_and_a_handful_is_not_broken_down(world: ConsoleWorld) -> None:
    box, agency_no = world.boxes["肇庆站-1"], agency_of(world, world.trip[0])
    admin, address = world.add_admin("王敏"), f"/console/scores?operator={agency_no}"
    with world.hub.database.read() as tx:
        hour = f"{int(timetable.trip_label(tx, *world.trip, 'zh-Hans').time[:2]) % 24:02d}"
    few = admin.get(address).text
    assert "<rect" not in few and "满 5 条才显示评分" in few and f"<td>{hour}</td>" not in few
    for serial, level in enumerate((1, 1, 1, 2, 5, 5), start=201):
        ticket = TicketId(box.node_no, box.epoch, serial).to_bytes()
        box.append(TicketBoarded(ticket, *world.trip, 0, 1, 0, "门1", 1, "AB12", True))
        box.append(TripRated(ticket, *world.trip, level, (), "急刹车，还晚点" if level < 3 else "", "zh-Hans"))
    box.visit()
    page = admin.get(address).text
    assert page.count("<rect") == 2 and f"<td>{hour}</td>" in page and "<title>" in page
    assert "急刹车" not in page  # four said so
    ticket = TicketId(box.node_no, box.epoch, 210).to_bytes()
    box.append(TicketBoarded(ticket, *world.trip, 0, 1, 0, "门1", 1, "AB12", True))
    box.append(TripRated(ticket, *world.trip, 2, (), "又急刹车", "zh-Hans"))
    box.visit()
    page = admin.get(address).text
    assert "急刹车 5" in page and "晚点" not in page
    own = office(world, "岭西客运", agency_no)
    assert "急刹车 5" in own.get("/console/scores").text
    other = office(world, "另一家", agency_of(world, world.ferry[0]))
    assert "急刹车" not in other.get(address).text
    with world.hub.database.read() as tx:
        (line_no,) = {timetable.lines_of(tx, [world.trip[0]])[world.trip[0]][1]}
    assert "急刹车 5" in admin.get(f"{address}&line={line_no}").text
    assert "急刹车" in admin.get(f"{address}&line=999999").text
