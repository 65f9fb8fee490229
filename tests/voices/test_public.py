"""What everybody reads of ratings at the hub, and the second word of a passenger at home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.domains.ratings.tables import rating, rating_follow
from cloud.kernel.tables import event_log, quarantine
from cloud.voices.pages import TRIES_PER_MINUTE
from sync.catalogue import LANGUAGES
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import TripRated
from sync.kernel.ticket import TicketId
from tests.console.test_pages import HEADERS
from tests.console.test_voices import act, agency_of, bad_one, office
from tests.console.world import ConsoleWorld, Person, empty_world, fill

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
UNKNOWN_KEY = re.compile(r"\b(?:voices|voice|console|rating|portal|score)_[a-z_]+")


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[ConsoleWorld]:
    with empty_world(hub_database_url, tmp_path) as made:
        yield fill(made)


def bad_ticket(world: ConsoleWorld) -> str:
    with world.hub.database.read() as tx:
        (ticket_id,) = tx.execute(sa.select(rating.c.ticket_id).where(rating.c.level == 2)).scalars()
    return TicketId.from_bytes(bytes(ticket_id)).number


def show(person: Person, number: str, short_code: str):  # type: ignore[no-untyped-def]
    return person.post("/ratings/mine", number=number, short_code=short_code)


def follow(person: Person, number: str, level: str, short_code: str = "AB12", comment: str = ""):  # type: ignore[no-untyped-def]
    return person.post(
        "/ratings/mine/follow", form="/ratings/mine", number=number, short_code=short_code, level=level, comment=comment
    )


def counted(world: ConsoleWorld, table: sa.Table) -> int:
    with world.hub.database.read() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_every_page_opens_in_three_languages_for_everybody(world: ConsoleWorld) -> None:
    person, agency_no = world.person(), agency_of(world, world.trip[0])
    for language in LANGUAGES:
        names = re.findall(r'<a href="/ratings/(\d+)">([^<]+)</a>', person.get(f"/ratings/?language={language}").text)
        for number, name in names:
            assert f"<h1>{name}</h1>" in person.get(f"/ratings/{number}").text
        for address in ("/ratings/", f"/ratings/{agency_no}", "/ratings/mine"):
            page = person.get(address)
            assert page.status_code == 200 and f'<html lang="{language}">' in page.text, address
            assert not UNKNOWN_KEY.findall(re.sub(r'="[^"]*"', "", page.text)), address
            assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
            assert "<script" not in page.text and " style=" not in page.text
    assert person.get("/ratings/999999").status_code == 404


def test_a_score_and_an_answer_are_read_by_everybody_and_a_hidden_rating_is_seen_to_be_hidden(
    world: ConsoleWorld,
) -> None:
    box, pos, agency_no = world.boxes["肇庆站-1"], bad_one(world), agency_of(world, world.trip[0])
    address = f"/ratings/{agency_no}"
    assert "核实评价还不到 5 条" in world.person().get(address).text
    for serial in (201, 202):
        ticket = TicketId(box.node_no, box.epoch, serial).to_bytes()
        box.append(TicketBoarded(ticket, *world.trip, 0, 1, 0, "门1", 1, "AB12", True))
        box.append(TripRated(ticket, *world.trip, 5, (), "", "en"))
    box.visit()
    world.hub.tell_scores()
    operator, admin = office(world, "岭西客运", agency_no), world.add_admin("王敏")
    act(operator, pos, "reply", "很抱歉，已调整。")
    page = world.person().get(address).text
    assert "4.2" in page and ">5<" in page and "很抱歉，已调整。" in page and "Left eight minutes late." in page
    act(admin, pos, "hide", "含有电话号码")
    page = world.person().get(address).text
    assert "Left eight minutes late." not in page and "评语已隐藏，理由：含有电话号码" in page
    assert "其中 1 条评语已隐藏" in page and "很抱歉，已调整。" in page


def test_a_passenger_at_home_reads_what_was_done_and_says_once_how_that_was(world: ConsoleWorld) -> None:
    number, person, pos = bad_ticket(world), world.person(), bad_one(world)
    act(office(world, "岭西客运", agency_of(world, world.trip[0])), pos, "reply", "很抱歉，已调整。")
    story = show(person, number, "ab12").text
    assert "很抱歉，已调整。" in story and "Left eight minutes late." in story
    before = counted(world, event_log)
    assert follow(person, number, "9").status_code == 422 and follow(person, number, "4", "ZZZZ").status_code == 422
    assert counted(world, rating_follow) == 0
    assert "谢谢" in follow(person, number, "4", comment="好多了").text
    assert follow(person, number, "5").status_code == 409
    assert counted(world, rating_follow) == 1 and counted(world, event_log) == before + 1
    assert "已经回访过" in show(person, number, "AB12").text
    held = counted(world, quarantine)
    with world.hub.database.write() as tx:
        world.hub.fold.rebuild(tx)
    assert counted(world, rating_follow) == 1 and counted(world, quarantine) == held


def test_nobody_reads_the_story_of_another_ticket(world: ConsoleWorld) -> None:
    number, person = bad_ticket(world), world.person()
    good = TicketId.from_number(number)
    assert good is not None
    others = [TicketId(good.node_no, good.epoch, good.serial - 1).number, TicketId(9, 1, 1).number]
    assert show(person, number, "AB13").status_code == 422
    assert show(person, "12345", "AB12").status_code == 422
    for other in others:
        refused = show(person, other, "AB12")
        assert refused.status_code == 409 and "只有不满意的评价才有回访" in refused.text
    for _ in range(TRIES_PER_MINUTE):
        last = show(person, number, "0000")
    assert last.status_code == 429 and show(world.person(), number, "AB12").status_code == 429


def test_nothing_is_taken_without_the_token_of_its_form(world: ConsoleWorld) -> None:
    sent = {"number": bad_ticket(world), "short_code": "AB12", "level": "5"}
    for address in ("/ratings/mine", "/ratings/mine/follow"):
        assert world.person().client.post(address, data=sent).status_code == 403
    assert counted(world, rating_follow) == 0
