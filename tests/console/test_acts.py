"""What admins do at the console, what nodes hear of it, and that every act is written down."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from cloud.console.queries import voices
from cloud.domains.notices import publish
from cloud.domains.timetable import service as timetable
from cloud.kernel import audit, fleet, streams
from cloud.kernel import nodes as node_list
from sync.domains.ticketing.events import RefundAsked
from sync.kernel import pins
from sync.kernel.days import day_of, instant_ms
from sync.kernel.events import TailHandedIn
from sync.kernel.operations import Clerk, node_stream
from sync.kernel.ticket import TicketId
from tests.cloud.world import Box
from tests.console.world import ConsoleWorld

CODE = re.compile(r'<code class="code big">([0-9A-Z-]{19})</code>')
PIN = re.compile(r'<code class="code">(\d{4,12})</code>')


def acts(world: ConsoleWorld, who: str = "王敏") -> list[tuple[str, dict[str, object]]]:
    """What ``who`` did, newest first, sign-ins left out."""
    with world.hub.database.read() as tx:
        entries = audit.entries(tx, 1000)
    return [(entry.act, entry.details) for entry in entries if entry.who == who and not entry.act.startswith("sign")]


def clerks_of(world: ConsoleWorld, node_no: int) -> dict[str, Clerk]:
    """Clerks as a node hears of them."""
    with world.hub.database.read() as tx:
        found = streams.read_all(tx, node_stream(node_no))
    return {one.key: Clerk.from_bytes(one.body or b"") for one in found if one.key.startswith("clerk/")}


def test_a_node_is_added_and_its_code_is_shown_once(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    given = {"name": "肇庆站-1", "kind": "station", "name_en": "Zhaoqing", "low_water": "3", "place": "0", "stops": ""}
    page = person.post("/console/nodes/new", **given)
    (code,) = CODE.findall(page.text)
    with bare.hub.database.read() as tx:
        info = node_list.find(tx, "肇庆站-1")
    assert (info.kind, info.low_water, info.names) == ("station", 3, {"en": "Zhaoqing"})
    assert code not in person.get(f"/console/nodes/{info.node_no}").text
    Box(bare.hub, info.node_no, code, "box").enrol()
    assert acts(bare)[0] == ("node_added", {"node": info.node_no, "name": "肇庆站-1", "kind": "station", "stops": []})


def test_a_wrong_node_stays_on_its_form_with_the_reason_beside_the_field(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    person.get("/console/?language=en")
    sound = {"name": "new", "kind": "pier", "place": "0", "low_water": "2"}
    for wrong, field in (({"name": ""}, "name"), ({"stops": "1, nine"}, "stops"), ({"stops": "1 999999"}, "stops"),
                         ({"name": "肇庆站-1"}, "name"), ({"low_water": "many"}, "low_water")):  # fmt: skip
        page = person.post("/console/nodes/new", **{**sound, **wrong})
        assert page.status_code in (409, 422), wrong
        assert f'id="{field}-error"' in page.text, wrong
        assert f'value="{wrong.get("stops", "")}"' in page.text
    assert not [act for act, _ in acts(world) if act == "node_added"]


def test_revoking_needs_a_reason_and_the_name(world: ConsoleWorld) -> None:
    person, number = world.add_admin("王敏"), world.boxes["肇庆站-1"].node_no
    address, page = f"/console/nodes/{number}/revoke", f"/console/nodes/{number}"
    for data in ({"reason": "", "confirm": "肇庆站-1"}, {"reason": "stolen", "confirm": "肇庆站-2"}):
        assert person.post(address, page, **data).status_code == 422
    assert 'class="chip good">' in person.get(page).text
    assert person.post(address, page, reason="stolen", confirm="肇庆站-1").status_code == 302
    with world.hub.database.read() as tx:
        (state,) = [one for one in fleet.states(tx, world.hub.contacts) if one.node_no == number]
    assert state.status == "revoked" and state.status_detail == "stolen"
    assert acts(world)[0] == ("node_revoked", {"node": number, "reason": "stolen"})
    assert "/revoke" not in person.get(page).text


def test_a_new_code_ends_the_one_before(world: ConsoleWorld) -> None:
    person, box = world.add_admin("王敏"), world.boxes["仓库备用机"]
    page = person.post(f"/console/nodes/{box.node_no}/code", f"/console/nodes/{box.node_no}")
    (code,) = CODE.findall(page.text)
    assert code != box.code and acts(world)[0][0] == "node_code"
    Box(world.hub, box.node_no, code, "spare").enrol()


def test_a_clerk_reaches_the_nodes_that_were_chosen_and_no_others(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    one, two = world.boxes["肇庆站-1"].node_no, world.boxes["石塘村邮点"].node_no
    page = person.post("/console/clerks/new", name="周 丽", roles=["clerk", "gate"], nodes=[str(one)])
    (pin,) = PIN.findall(page.text)
    heard = clerks_of(world, one)["clerk/4"]
    assert (heard.name, heard.roles) == ("周 丽", ("clerk", "gate")) and pins.pin_matches(pin, heard.pin_hash)
    assert "clerk/4" not in clerks_of(world, two)
    assert pin not in person.get("/console/audit").text and pin not in person.get("/console/clerks/4").text

    person.post("/console/clerks/4", name="周丽", roles=["agent"], nodes=[str(two)])
    assert "clerk/4" not in clerks_of(world, one)
    assert clerks_of(world, two)["clerk/4"].roles == ("agent",)

    person.post("/console/clerks/4/pin", "/console/clerks/4", pin="135790", repeated="135790")
    assert pins.pin_matches("135790", clerks_of(world, two)["clerk/4"].pin_hash)
    person.post("/console/clerks/4/leave", "/console/clerks/4")
    assert "clerk/4" not in clerks_of(world, two)
    assert person.get("/console/clerks/4").status_code == 404
    assert [act for act, _ in acts(world)][:4] == ["clerk_left", "clerk_pin_changed", "clerk_changed", "clerk_added"]


def test_a_clerk_who_can_not_be_is_explained_beside_the_field(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    sound: dict[str, Any] = {"name": "周丽", "roles": ["clerk"], "pin": "135790", "repeated": "135790"}
    for wrong, field in (({"name": " "}, "name"), ({"pin": "135791"}, "repeated"), ({"pin": "12", "repeated": "12"}, "pin"),
                         ({"pin": "1111", "repeated": "1111"}, "pin")):  # fmt: skip
        page = person.post("/console/clerks/new", **{**sound, **wrong})
        assert page.status_code == 422 and f'id="{field}-error"' in page.text, wrong
    assert person.post("/console/clerks/new", name="周丽", pin="135790", repeated="135790").status_code == 422
    assert person.post("/console/clerks/new", **{**sound, "nodes": ["999"]}).status_code == 422
    assert person.post("/console/clerks/new", **{**sound, "roles": ["king"]}).status_code == 422


def test_a_quarantined_event_is_looked_at_once(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    person.get("/console/?language=en")
    with world.hub.database.read() as tx:
        held = fleet.quarantined_events(tx)
    assert {one.code for one in held} == {"seat_sold_twice", "boarded_twice", "event_shape"}
    for one in held:
        page = person.get(f"/console/quarantine/{one.pos}")
        assert "Mark as looked at" in page.text
        assert ("price_minor" in page.text) == (one.code == "seat_sold_twice")
        assert person.post(f"/console/quarantine/{one.pos}", note="").status_code == 422
        assert person.post(f"/console/quarantine/{one.pos}", note="rebooked <b>").status_code == 302
    assert "Nothing to look at" in person.get("/console/quarantine").text
    assert "rebooked &lt;b&gt;" in person.get("/console/quarantine?seen=1").text
    assert "Conflicts:" not in person.get("/console/").text
    assert [act for act, _ in acts(world)][:3] == ["quarantine_seen"] * 3


def test_a_box_that_reports_what_was_put_aside_is_warned_of_only_until_somebody_dealt_with_it(
    world: ConsoleWorld,
) -> None:
    person, box = world.add_admin("王敏"), world.boxes["石塘村邮点"]
    box.take(box.send(box.request(reported={"issues": ["quarantined", "grant_past"]})))
    pages, warning = ("/console/", f"/console/nodes/{box.node_no}"), "节点有被隔离的事件"
    link = f'<a href="/console/quarantine?node={box.node_no}">查看</a>'
    assert all(warning in person.get(page).text and link in person.get(page).text for page in pages)
    with world.hub.database.read() as tx:
        held = [one.pos for one in fleet.quarantined_events(tx, node_no=box.node_no)]
    for pos in held:
        assert warning in person.get(pages[0]).text
        assert person.post(f"/console/quarantine/{pos}", note="已核对").status_code == 302
    assert held and not any(warning in person.get(page).text for page in pages)
    assert "节点的座位过了可售时间" in person.get(pages[1]).text, "what else it reported stays"


def test_an_issue_is_closed_by_a_person(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    (number,) = set(re.findall(r"/console/issues/(\d+)/close", person.get("/console/").text))
    assert person.post(f"/console/issues/{number}/close", "/console/").status_code == 302
    assert f"/console/issues/{number}/close" not in person.get("/console/").text
    assert person.post(f"/console/issues/{number}/close", "/console/").status_code == 404
    assert acts(world)[0] == ("issue_closed", {"node": world.boxes["粤H-20231"].node_no, "issue": "revoked"})


def test_what_is_wrong_stands_first_with_cause_and_next_step(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    person.get("/console/?language=en")
    page = person.get("/console/").text
    for words in (
        "Conflicts: 2",
        "Quarantined events to look at: 3",
        "Node revoked",
        "Silent",
        "Not enrolled yet",
        "Clerk 7",
        "Calendar of",
    ):
        assert words in page
    assert page.count("Cause:") == page.count("Next step:") == 7
    assert page.index("urgent") < page.index("watch")
    world.clock.now_ms += 26 * 3_600_000
    assert person.sign_in("王敏").get("/console/").text.count("Silent") == 4


def test_a_request_for_a_refund_stands_on_the_overview_until_somebody_decides(world: ConsoleWorld) -> None:
    person, station = world.add_admin("王敏"), world.boxes["肇庆站-1"]
    person.get("/console/?language=en")
    waiting = "Requests for refunds that wait for a word: 1"
    assert waiting not in person.get("/console/").text
    station.append(RefundAsked(1, TicketId(station.node_no, station.epoch, 4).to_bytes(), 0, 0, 1))
    station.visit()
    page = person.get("/console/").text
    assert waiting in page and 'href="/console/refund-requests"' in page
    with world.hub.database.read() as tx:
        (line,) = world.hub.deciding.waiting(tx, 10)
    said = person.post("/console/refund-requests", request=str(line.pos), verdict="reject", fee="", note="not ours")
    assert said.status_code == 302
    assert waiting not in person.get("/console/").text


def test_what_is_kept_of_a_refund_is_typed_as_money_and_a_slip_of_the_pen_stands_beside_its_field(
    world: ConsoleWorld,
) -> None:
    person, station, form = world.add_admin("王敏"), world.boxes["肇庆站-1"], "/console/refund-requests"
    for number, serial in ((1, 4), (2, 5)):
        station.append(RefundAsked(number, TicketId(station.node_no, station.epoch, serial).to_bytes(), 0, 0, 1))
    station.visit()
    with world.hub.database.read() as tx:
        first, second = world.hub.deciding.waiting(tx, 10)
    said = {"request": str(second.pos), "verdict": "accept", "note": "seen the slip"}
    for fee in ("two", "1.234", "99999"):
        page = person.post(form, fee=fee, **said)
        assert page.status_code == 422 and page.text.count(f'id="fee-{second.pos}-error"') == 1
        assert f'id="fee-{first.pos}-error"' not in page.text and 'value="seen the slip"' in page.text
    assert person.post(form, fee="3.60", **said).status_code == 302
    act, details = acts(world)[0]
    assert act == "decide_refund" and (details["request"], details["fee"]) == (second.pos, 360)


def test_seats_of_a_silent_node_are_released_by_a_person_with_a_reason(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    day = world.trip[1]
    silent = world.boxes["山口村邮点"]
    grant = next(one for one in silent.grants(day=day) if one.trip_no == world.trip[0])
    world.clock.now_ms = grant.sell_until_ms + 1
    world.boxes["肇庆站-1"].visit()
    person.sign_in("王敏")
    page = f"/console/trips/{grant.trip_no}/{day}"
    assert 'class="cell suspect"' in person.get(page).text
    data = {"grant": str(grant.grant_id), "places": "1"}
    assert person.post(f"{page}/release", page, reason="", **data).status_code == 422
    assert person.post(f"{page}/release", page, reason="box burnt", **{**data, "places": "400"}).status_code == 409
    assert person.post(f"{page}/release", page, reason="box burnt", **data).status_code == 302
    act, details = acts(world)[0]
    assert act == "release_at_risk" and details["reason"] == "box burnt" and details["places"] == 1


def test_a_hub_without_timetable_and_nodes_says_how_to_begin(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    page = person.get("/console/?language=en", follow_redirects=True).text
    assert "There is no timetable yet" in page and "There are no nodes yet" in page


def test_a_timetable_that_ends_is_told_before_it_does(world: ConsoleWorld) -> None:
    world.clock.now_ms = instant_ms(day_of(date(2030, 12, 25)), 0, "Asia/Shanghai")
    person = world.add_admin("王敏")
    assert "Days until the timetable ends: 6" in person.get("/console/?language=en", follow_redirects=True).text
    world.clock.now_ms += 7 * 86_400_000
    assert "Days since the timetable ended: 1" in person.sign_in("王敏").get("/console/").text


def test_sales_add_up_by_currency_and_days(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    person.get("/console/?language=en")
    page = person.get("/console/sales").text
    assert "Tickets: 12" in page and "CN¥742.50" in page
    one = person.get(f"/console/sales?node={world.boxes['青湾码头-1'].node_no}").text
    assert "Tickets: 3" in one and "CN¥114.00" in one
    assert "No sales in these days" in person.get("/console/sales?from=2025-01-01&to=2025-01-02").text
    assert "Swap them" in person.get("/console/sales?from=2026-08-01&to=2026-07-01").text


def test_no_page_of_ratings_says_with_which_ticket(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    page = person.get("/console/ratings").text
    assert "司机开得很稳" in page and "Left eight minutes late." in page
    assert not re.search(r"\d{5}-\d{2}-\d{7}", page)


def test_the_end_of_a_closed_log_is_decided_on_with_a_reason(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    person.get("/console/?language=en")
    with bare.hub.database.write() as tx:
        node_no = bare.hub.nodes.add(tx, "pier", "pier", [], {"en": "pier"})
        code = bare.hub.enrolment.new_code(tx, node_no)
    box = Box(bare.hub, node_no, code, "first key").enrol()
    box.visit()
    with bare.hub.database.write() as tx:
        bare.hub.nodes.revoke(tx, node_no, "stolen")
        code = bare.hub.enrolment.new_code(tx, node_no)
    box.sell(7, 1)
    new = Box(bare.hub, node_no, code, "second key").enrol()
    new.append(TailHandedIn(1, 1, box.hashes[0], tuple(box.log)))
    new.visit()
    assert "Ends of closed logs that wait for a decision: 1" in person.get("/console/").text
    page = person.get("/console/tails").text
    (name,) = re.findall(r'action="/console/tails/([^"]+)"', page)
    assert "CN¥50.00" in page
    assert person.post(f"/console/tails/{name}", verdict="accept", reason="").status_code == 422
    assert person.post(f"/console/tails/{name}", verdict="accept", reason="the cash was there").status_code == 302
    assert acts(bare)[0] == ("tail_accepted", {"tail": name, "events": 1, "reason": "the cash was there"})
    assert "the cash was there" in person.get("/console/tails").text
    assert person.post(f"/console/tails/{name}", verdict="reject", reason="after all").status_code == 409


def test_an_announcement_is_published_shown_and_withdrawn(world: ConsoleWorld) -> None:
    person, page = world.add_admin("王敏"), "/console/notices"
    number = re.findall(r'<option value="(\d+)"', person.get(page).text)[0]
    days = {"from_day": "2026-11-20", "until_day": "2027-03-01"}
    for wrong in (
        {**days, "operator": number},
        {**days, "operator": "999999", "text_en": "x"},
        {"operator": number, "text_en": "x", "from_day": "2026-11-20", "until_day": "2026-11-19"},
        {"operator": number, "text_en": "x", "from_day": "someday", "until_day": ""},
        {"operator": number, "text_en": "x", "from_day": "someday", "until_day": "2027-03-01"},
    ):
        assert person.post(page, page, **wrong).status_code == 422
    told = {"operator": number, "text_zh_hans": "春节加班车", "text_en": "More coaches <b>", "urgent": "y"}
    assert person.post(page, page, **days, **told).status_code == 302
    shown = person.get(page).text
    assert "春节加班车" in shown and "More coaches &lt;b&gt;" in shown and 'lang="zh-Hans"' in shown
    assert acts(world)[0][0] == "notice_added" and acts(world)[0][1]["operator"] == int(number)
    (address,) = set(re.findall(r'action="(/console/notices/\d+/\d+)"', shown))
    assert person.post(address, page).status_code == 302
    assert "春节加班车" not in person.get(page).text and acts(world)[0][0] == "notice_withdrawn"
    assert person.post(address, page).status_code == 404


def test_an_announcement_to_one_line_is_of_that_line_and_of_its_operator(world: ConsoleWorld) -> None:
    person, page = world.add_admin("王敏"), "/console/notices"
    with world.hub.database.read() as tx:
        lines = {number: voices.lines_of(tx, number, "zh-Hans") for number in timetable.operators(tx)}
    (first, own), (_, other) = [pair for pair in lines.items() if pair[1]][:2]
    line, stranger = next(iter(own)), next(iter(other))
    said = {"operator": str(first), "text_en": "Only here", "from_day": "2026-11-20", "until_day": "2027-03-01"}
    for wrong in (stranger, 999_999):
        assert person.post(page, page, **said, lines=str(wrong)).status_code == 422
    assert person.post(page, page, **said, lines=str(line)).status_code == 302
    with world.hub.database.read() as tx:
        assert [one.route_nos for one in publish.of_operator(tx, first)] == [(line,)]
    assert own[line] in person.get(page).text.split("Only here")[0]
