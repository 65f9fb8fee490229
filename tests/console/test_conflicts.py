"""Conflicts at the console: both events, what was lost, who decides, and a decision that stays with its reason."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from cloud.domains.boarding.tables import conflict_word
from sync.domains.boarding.events import BoardedApart
from sync.kernel.ticket import TicketId
from tests.browser.test_axe import barriers
from tests.console.world import PASSPHRASE, ConsoleWorld, Person

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
BOARDED_TWICE = re.compile(r'href="(/console/conflicts/\d+)">Ticket boarded twice')


@pytest.fixture
def admin(world: ConsoleWorld) -> Person:
    return in_english(world.add_admin("王敏"))


def in_english(person: Person) -> Person:
    person.get("/console/?language=en")
    return person


def conflict_of(page: str) -> str:
    return BOARDED_TWICE.findall(page)[0]


def test_both_gates_cut_off_leave_one_conflict_with_both_events_and_the_fare(
    world: ConsoleWorld, admin: Person
) -> None:
    box = next(iter(world.boxes.values()))
    trip_no, day = world.trip
    serial = 5
    ticket_id = TicketId(box.node_no, box.epoch, serial).to_bytes()
    ride = (ticket_id, trip_no, day, 0, 1, 5)
    for gate, reason in (("scanner-1", ""), ("scanner-2", "already_used")):
        box.append(BoardedApart(*ride, gate, "AB12", reason, world.clock.now_ms))
    box.visit()
    page = admin.get("/console/conflicts").text
    first = admin.get(conflict_of(page)).text
    assert "scanner-1" in first and "scanner-2" in first
    assert first.count("Let in by a gate that was cut off") == 2 and "Not checked against the others" in first
    assert TicketId.from_bytes(ticket_id).number in first
    assert "is the fare that one of both passengers did not pay" in first
    assert "It is for the operator" in first


def test_a_decision_is_logged_with_its_reason_and_the_conflict_is_open_no_more(
    world: ConsoleWorld, admin: Person
) -> None:
    before = admin.get("/console/conflicts").text
    address = conflict_of(before)
    asked = admin.post(address, address, outcome="written_off", reason="")
    assert asked.status_code == 422
    done = admin.post(address, address, outcome="written_off", reason="Both gates were cut off by the storm")
    assert done.status_code == 302
    page = admin.get(address).text
    assert "The operator bears it" in page and "Both gates were cut off by the storm" in page and "王敏" in page
    audit = admin.get("/console/audit").text
    assert "decided on a conflict" in audit and "Both gates were cut off by the storm" in audit
    again = admin.post(address, address, outcome="collected", reason="He came back and paid")
    assert again.status_code == 302
    with world.hub.database.read() as tx:
        assert [row.outcome for row in tx.execute(conflict_word.select())] == ["collected"]
    new = 'chip bad">new'
    assert admin.get("/console/conflicts").text.count(new) == before.count(new) - 1


def test_a_viewer_sees_a_conflict_and_decides_nothing(world: ConsoleWorld, admin: Person) -> None:
    address = conflict_of(admin.get("/console/conflicts").text)
    viewer = in_english(world.add_admin("李强", role="viewer"))
    page = viewer.get(address)
    assert page.status_code == 200 and "Write the decision down" not in page.text
    assert viewer.post(address, "/console/account", outcome="collected", reason="no").status_code == 403
    assert viewer.get("/console/conflicts/999999").status_code == 404


def test_the_window_of_risk_is_the_longest_time_without_an_exchange(world: ConsoleWorld) -> None:
    box = next(iter(world.boxes.values()))
    world.clock.now_ms += 3 * 3_600_000
    admin = in_english(world.add_admin("王敏"))
    assert "3 hours" in admin.get(f"/console/nodes/{box.node_no}").text
    box.visit()
    world.hub.contacts.flush(world.hub.database)
    world.clock.now_ms += 60_000
    box.visit()
    world.hub.contacts.flush(world.hub.database)
    page = admin.get(f"/console/nodes/{box.node_no}").text
    assert "3 hours" in page and "Window of risk" in page
    assert "3 hours" in admin.get("/console/nodes").text


def test_a_sale_that_was_never_heard_of_leaves_the_fare_unknown(world: ConsoleWorld, admin: Person) -> None:
    box = next(iter(world.boxes.values()))
    ride = (TicketId(box.node_no, box.epoch, 900).to_bytes(), *world.trip, 0, 1, 5)
    for gate in ("scanner-1", "scanner-2"):
        box.append(BoardedApart(*ride, gate, "AB12", "", world.clock.now_ms))
    box.visit()
    assert "nobody knows the fare" in admin.get(conflict_of(admin.get("/console/conflicts").text)).text


@pytest.mark.browser
def test_the_page_of_a_conflict_has_no_barrier(world: ConsoleWorld, page: Page) -> None:
    world.add_admin("王敏")
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        site = f"http://127.0.0.1:{server.server_port}/console"
        page.goto(f"{site}/sign-in")
        page.fill("#name", "王敏")
        page.fill("#passphrase", PASSPHRASE)
        with page.expect_navigation():
            page.click("main button")
        page.goto(f"{site}/?language=en")
        page.goto(f"{site}/conflicts")
        page.click("text=Ticket boarded twice")
        assert page.locator("section.card").count() == 3
        assert barriers(page) == []
    finally:
        server.shutdown()
        thread.join(10)
