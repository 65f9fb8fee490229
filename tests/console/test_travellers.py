"""Whose ticket it is: a mask, a look with a reason, and months that are over."""

from __future__ import annotations

import dataclasses
import re

from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.kernel import audit, streams
from sync.domains.ticketing.office import sealing
from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.kernel.days import DAY_MS, day_at
from sync.kernel.documents import Document
from sync.kernel.operations import NET
from sync.kernel.ticket import TicketId
from tests.console.world import ConsoleWorld
from tests.support.documents import full_name, resident_id

DOCUMENT = Document("resident_id", resident_id(5), full_name(5))


def named(world: ConsoleWorld) -> str:
    """The number of a ticket whose traveller is known to the hub."""
    today, box = day_at(world.clock.now_ms, "UTC"), world.boxes["肇庆站-1"]
    trip_no, day = world.trip
    with world.hub.database.write() as tx:
        publish_real_name_rules(tx, RealNameRules("gd", "a notice", today, None, True, (), (), 365), today)
        world.hub.sealing.provide(tx)
        keys = [SealingKey.from_bytes(one) for one in streams.bodies_under(tx, NET, "sealing/")]
    event = sealing.name_traveller(DOCUMENT, trip_no, day, keys[0], world.ids)
    box.append(dataclasses.replace(event, serial=1))
    box.visit()
    return TicketId(box.node_no, box.epoch, 1).number


def looks(world: ConsoleWorld) -> list[tuple[str, dict[str, object]]]:
    with world.hub.database.read() as tx:
        return [(one.who, one.details) for one in audit.entries(tx, 100) if one.act == "identity_revealed"]


def test_a_ticket_shows_a_mask_and_nothing_is_written_down(world: ConsoleWorld) -> None:
    number, person = named(world), world.add_admin("王敏")
    page = person.get(f"/console/travellers?number={number}").text
    assert DOCUMENT.number[:4] + "*" * 10 + DOCUMENT.number[-4:] in page
    assert DOCUMENT.name[0] + "**" in page
    assert DOCUMENT.number not in page and DOCUMENT.name not in page
    assert looks(world) == []


def test_who_gives_a_reason_sees_the_document_and_the_audit_holds_who_and_why(world: ConsoleWorld) -> None:
    number, person = named(world), world.add_admin("王敏")
    form = f"/console/travellers?number={number}"
    page = person.post("/console/travellers", form, number=number, reason="letter 17 of the police")
    assert page.status_code == 200
    assert DOCUMENT.number in page.text and DOCUMENT.name in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert looks(world) == [("王敏", {"ticket": number, "reason": "letter 17 of the police"})]
    assert DOCUMENT.number not in person.get("/console/audit").text
    assert DOCUMENT.number not in person.get(form).text, "the next one to look has to say why"


def test_without_a_reason_nothing_is_shown(world: ConsoleWorld) -> None:
    number, person = named(world), world.add_admin("王敏")
    for reason in ("", "   "):
        page = person.post("/console/travellers", f"/console/travellers?number={number}", number=number, reason=reason)
        assert page.status_code == 422
        assert DOCUMENT.number not in page.text
    assert looks(world) == []


def test_a_viewer_sees_neither_page_nor_link(world: ConsoleWorld) -> None:
    number, viewer = named(world), world.add_admin("李四", "viewer")
    assert viewer.get(f"/console/travellers?number={number}").status_code == 403
    page = viewer.post("/console/travellers", "/console/account", number=number, reason="curious")
    assert page.status_code == 403 and DOCUMENT.number not in page.text
    assert "/console/travellers" not in viewer.get("/console/").text
    assert looks(world) == []


def test_a_number_without_a_traveller_says_so_beside_its_field(world: ConsoleWorld) -> None:
    named(world)
    person = world.add_admin("王敏")
    for number, status in (("12", 422), (TicketId(999, 1, 1).number, 404)):
        page = person.get(f"/console/travellers?number={number}")
        assert page.status_code == status and 'id="number-error"' in page.text


def test_a_month_that_was_erased_is_listed_and_holds_nothing(world: ConsoleWorld) -> None:
    number, person = named(world), world.add_admin("王敏")
    world.clock.now_ms += 400 * DAY_MS
    with world.hub.database.write() as tx:
        (period,) = world.hub.sealing.erase(tx)[:1]
    person = world.person().sign_in("王敏")
    person.get("/console/?language=en")
    page = person.get(f"/console/travellers?number={number}").text
    assert re.search(rf"{period // 100}-{period % 100:02d}.*?erased", page, re.S)
    assert DOCUMENT.number[:4] not in page
    assert person.post("/console/travellers", number=number, reason="letter 18").status_code == 410
    assert looks(world) == []
