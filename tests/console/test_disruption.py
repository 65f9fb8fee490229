"""Trips that are cancelled or late: said at the console once it was agreed to, and seen wherever trips are listed."""

from __future__ import annotations

import re

from cloud.domains.disruption import service as disruptions
from cloud.domains.timetable import service as timetable
from sync.domains.duties.events import TripStarted
from sync.kernel.days import date_of
from tests.console.test_acts import acts
from tests.console.world import ConsoleWorld, Person


def sure_of(person: Person, page: str) -> str:
    """What the box to tick says of the good tickets."""
    found = re.search(r'name="sure" value="(\d+)"', person.get(page).text)
    assert found is not None
    return found[1]


def test_a_trip_is_delayed_cancelled_and_restored_with_a_reason_and_in_the_audit(world: ConsoleWorld) -> None:
    person, (trip_no, day) = world.add_admin("王敏"), world.trip
    page = f"/console/trips/{trip_no}/{day}/disruption"
    for data in (
        {"kind": "delayed", "minutes": "0", "note": "雾"},
        {"kind": "cancelled", "note": " "},
        {"kind": "odd"},
        {"note": "no kind chosen"},
    ):
        assert person.post(page, page, **data).status_code == 422
    assert person.post(page, page, kind="none").status_code == 404
    assert person.post(page, page, kind="delayed", minutes="25", note="雾").status_code == 302
    assert "雾" in person.get(page).text and "25" in person.get(page).text
    sure = sure_of(person, page)
    assert person.post(page, page, kind="cancelled", minutes="", note="台风", sure=sure).status_code == 302
    assert acts(world)[0][0] == "disrupt_trip" and acts(world)[0][1]["reason"] == "台风"
    assert person.post(page, page, kind="none").status_code == 302
    assert acts(world)[0] == ("restore_trip", {"trip": trip_no, "day": day})
    viewer = world.add_admin("何览", "viewer")
    assert '<form method="post" action="' + page not in viewer.get(page).text
    assert viewer.post(page, kind="cancelled", note="x").status_code in (400, 403)


def test_a_cancellation_is_published_only_after_the_box_was_ticked_for_as_many_tickets_as_there_are(
    world: ConsoleWorld,
) -> None:
    person, (trip_no, day) = world.add_admin("王敏"), world.trip
    page = f"/console/trips/{trip_no}/{day}/disruption"
    shown = person.get(page).text
    assert " checked" not in shown, "nothing is chosen beforehand"
    sure = sure_of(person, page)
    assert int(sure) > 0
    for given in ({}, {"sure": ""}, {"sure": "yes"}, {"sure": str(int(sure) - 1)}, {"sure": "-1"}):
        answer = person.post(page, page, kind="cancelled", note="台风", **given)
        assert answer.status_code == 422 and 'class="error"' in answer.text, given
        assert not re.search(r'name="sure"[^>]*checked', answer.text), "what was not agreed to is not ticked"
    assert f"现在涉及有效车票 {sure} 张" in person.post(page, page, kind="cancelled", note="台风").text
    with world.hub.database.read() as tx:
        assert disruptions.of(tx, world.trip) is None
    assert re.search(r'name="sure"[^>]*checked', person.post(page, page, kind="cancelled", note=" ", sure=sure).text)
    assert person.post(page, page, kind="cancelled", note="台风", sure=sure).status_code == 302
    with world.hub.database.read() as tx:
        assert disruptions.of(tx, world.trip) is not None


def test_what_was_sold_since_the_page_was_read_is_asked_of_again_before_a_trip_is_cancelled(
    world: ConsoleWorld,
) -> None:
    person, (trip_no, day) = world.add_admin("王敏"), world.ferry
    page = f"/console/trips/{trip_no}/{day}/disruption"
    sure, pier = sure_of(person, page), world.boxes["青湾码头-1"]
    with world.hub.database.read() as tx:
        ride = timetable.ride(tx, trip_no, day, 0, 1)
    pier.sell(trip_no, 0, 0, 1, day=day, price_minor=ride.price_minor, currency=ride.currency)
    pier.visit()
    assert person.post(page, page, kind="cancelled", note="大雾", sure=sure).status_code == 422
    again = sure_of(person, page)
    assert int(again) == int(sure) + 1
    assert person.post(page, page, kind="cancelled", note="大雾", sure=again).status_code == 302


def test_trips_that_do_not_run_as_planned_say_so_on_their_page_and_in_the_lists(world: ConsoleWorld) -> None:
    person, (trip_no, day) = world.add_admin("王敏"), world.trip
    box = world.boxes["肇庆站-1"]
    box.append(TripStarted(trip_no, day, 0, "粤H12341", (), ""))
    box.visit()
    iso = date_of(day).isoformat()
    pages = (f"/console/trips/{trip_no}/{day}", f"/console/trips?day={iso}", f"/console/runs?day={iso}")
    form = f"/console/trips/{trip_no}/{day}/disruption"
    assert not any("已停运" in person.get(page).text or "已换车" in person.get(page).text for page in pages)
    assert person.post(form, form, kind="delayed", minutes="25", note="雾").status_code == 302
    assert all("晚点约 25 分钟" in person.get(page).text for page in pages)
    vehicle = f"/console/trips/{trip_no}/{day}/vehicle"
    assert person.post(vehicle, vehicle, plan="minibus-19", note="抛锚").status_code == 302
    assert person.post(form, form, kind="cancelled", note="台风", sure=sure_of(person, form)).status_code == 302
    for page in pages:
        assert "已停运" in person.get(page).text and "已换车" in person.get(page).text, page
        assert "晚点约" not in person.get(page).text
    assert person.post(form, form, kind="none").status_code == 302
    assert not any("已停运" in person.get(page).text for page in pages)
