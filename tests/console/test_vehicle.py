"""Another vehicle is sent at the console, and who has no seat is listed there."""

from __future__ import annotations

from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes
from sync.domains.inventory.rules import legs_mask
from sync.kernel.ticket import TicketId
from tests.console.test_acts import acts
from tests.console.world import ConsoleWorld


def test_another_vehicle_is_sent_with_a_reason_and_who_stands_is_listed(world: ConsoleWorld) -> None:
    person, village, now = world.add_admin("王敏"), world.boxes["石塘村邮点"], world.clock.now_ms
    with world.hub.database.write() as tx:
        info = nodes.find(tx, village.node_no)
        found = timetable.dated_trips_at(tx, info.stop_nos, now, now + 86_400_000, 20)
        trip_no, day = next((one.trip_no, one.day) for one in found if one.stop_idx == 0)
        facts = timetable.trip_facts(tx, trip_no)
        assert facts is not None
        price = timetable.ride(tx, trip_no, day, 0, facts.leg_count).price_minor
        granted = world.hub.inventory.grant(tx, info, (trip_no, day), 99)
    page = f"/console/trips/{trip_no}/{day}/vehicle"
    whole = legs_mask(0, facts.leg_count)
    seat = max(number for number, mask in granted.seats if mask == whole)
    village.sell(trip_no, seat, 0, facts.leg_count, day=day, price_minor=price)
    village.visit()
    number = TicketId(village.node_no, village.epoch, village.serial).number
    assert "按计划" in person.get(page).text
    for data in (
        {"plan": "", "note": "抛锚"},
        {"plan": "no such plan", "note": "抛锚"},
        {"plan": "minibus-19", "note": " "},
    ):
        assert person.post(page, page, **data).status_code == 422
    assert person.post(page, page, plan="minibus-19", note="抛锚").status_code == 302
    assert acts(world)[0][0] == "change_vehicle" and acts(world)[0][1]["plan"] == "minibus-19"
    assert "没有座位" in person.get(page).text and number in person.get(page).text
    fitting = [(grant, one) for grant in village.grants(trip_no, day) for one in grant.seats if one[0] <= 19]
    grant, cells = next((grant, one) for grant, one in fitting if one[1] & whole == whole)
    village.give_back(grant, [cells])
    village.visit()
    assert "已换座" in person.get(page).text
    assert person.get(f"/console/trips/{trip_no}/{day}").status_code == 200
    viewer = world.add_admin("何览", "viewer")
    assert f'action="{page}"' not in viewer.get(page).text
    assert viewer.post(page, plan="coach-45", note="x").status_code in (400, 403)
