"""The gate: one colour, one word, one reason, and never twice."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from edge.domains.ticketing.service import Ticket
from edge.kernel import qr
from kiosk_ui.app import create_app
from sync.kernel import ticket
from sync.kernel.keys import Ed25519Signer
from tests.kiosk_ui.conftest import GATE_NO, GATE_PIN
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench

GATE = f"/gate/{COACH_TRIP}/{TODAY}"


@pytest.fixture
def inspector(app: Flask) -> Person:
    person = Person(app)
    person.sign_in(GATE_NO, GATE_PIN)
    return person


def sold(bench: Bench, trip_no: int = COACH_TRIP, day: int = TODAY, key: str = "key-0001", to_idx: int = 4) -> Ticket:
    return bench.node.ticketing.sell(trip_no, day, 0, to_idx, None, CLERK_NO, key)


def scan(inspector: Person, code: str) -> Page:
    inspector.see(GATE)
    return inspector.send(GATE, code=code)


def colour(page: Page) -> str:
    return str(next(attrs["data-colour"] for _, attrs in page.tags if attrs.get("id") == "verdict"))


def test_an_inspector_chooses_a_trip_and_boards_a_ticket(bench: Bench, inspector: Person) -> None:
    assert inspector.see("/gate").path == "/gate/trips"
    assert inspector.send("/gate/choose").path == GATE
    green = inspector.send(GATE, code=sold(bench).text)
    assert colour(green) == "green"
    assert "请上车" in green.text and "01A" in green.text and "广州" in green.text
    assert "1" in next(text for text in green.text.split() if text.isdigit())
    assert bench.node.boarding.counts(COACH_TRIP, TODAY)[0] == 1


def test_reloading_a_verdict_boards_nobody_and_frightens_nobody(bench: Bench, inspector: Person) -> None:
    assert colour(scan(inspector, sold(bench).text)) == "green"
    again = inspector.see(GATE)
    assert colour(again) == "" and "请扫码" in again.text


def test_a_used_ticket_says_when_and_where(bench: Bench, inspector: Person) -> None:
    code = sold(bench).text
    scan(inspector, code)
    red = scan(inspector, code)
    assert colour(red) == "red" and "已经用过" in red.text
    assert "11月23日周一 12:00" in red.text and "检票屏幕" in red.text


def test_a_ticket_of_another_trip_or_date_names_the_right_one(bench: Bench, inspector: Person) -> None:
    other = scan(inspector, sold(bench, FERRY_TRIP, to_idx=1).text)
    assert colour(other) == "red" and "不是这一班" in other.text and "16:00" in other.text and "桂山岛" in other.text
    tomorrow = scan(inspector, sold(bench, day=TODAY + 1, key="key-0002").text)
    assert colour(tomorrow) == "red" and "日期不对" in tomorrow.text and "11月24日" in tomorrow.text


def test_a_forged_and_a_damaged_code_are_told_apart(bench: Bench, inspector: Person) -> None:
    good = sold(bench)
    opened = ticket.parse(good.text)
    forger = Ed25519Signer(b"a forger's key of just 32 bytes.")
    forger.kid = bench.node.signer.kid
    forged = scan(inspector, ticket.issue(opened.claims, forger))
    assert colour(forged) == "red" and "不是一张真票" in forged.text
    assert "读不完整" in scan(inspector, good.text[:-6]).text


def test_a_clock_in_doubt_is_amber_and_says_what_was_not_checked(bench: Bench) -> None:
    unsure = Bench(bench.node, bench.hub, bench.clock)
    code = sold(unsure).text
    bench.clock.wall += 400 * 86_400_000
    bench.node.clock._hub = None
    inspector = Person(create_app(bench.node))
    inspector.sign_in(GATE_NO, GATE_PIN)
    amber = scan(inspector, code)
    assert colour(amber) == "amber" and "未核对有效期" in amber.text


def test_a_camera_picture_is_read(bench: Bench, inspector: Person) -> None:
    inspector.see(GATE)
    token = inspector.page.forms[-1].values["csrf_token"]
    picture = (io.BytesIO(photograph(sold(bench).text)), "camera.png")
    assert colour(inspector.post(GATE, {"csrf_token": token, "picture": picture})) == "green"


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_picture_without_a_code_says_what_to_do(inspector: Person, data: bytes) -> None:
    inspector.see(GATE)
    token = inspector.page.forms[-1].values["csrf_token"]
    refused = inspector.post(GATE, {"csrf_token": token, "picture": (io.BytesIO(data), "camera.png")})
    assert refused.status in (413, 422) and colour(refused) == "red" and "没有读到" in refused.text


def test_a_number_is_no_proof_and_the_gate_says_so(bench: Bench, inspector: Person) -> None:
    refused = scan(inspector, sold(bench).number)
    assert refused.status == 422 and colour(refused) == "red" and "请扫描二维码" in refused.text
    assert bench.node.boarding.counts(COACH_TRIP, TODAY)[0] == 0


def photograph(text: str) -> bytes:
    import qrcode

    code = qrcode.QRCode(box_size=6, border=4)
    code.add_data(text)
    kept = io.BytesIO()
    code.make_image().save(kept)
    assert qr.read_picture(kept.getvalue()) == text
    return kept.getvalue()


def test_on_a_vehicle_the_duties_are_offered(vehicle: Bench) -> None:
    driver = Person(create_app(vehicle.node))
    driver.sign_in()
    duties = driver.see("/gate/trips")
    assert "15:00" in duties.text and "00:10" in duties.text and "16:00" not in duties.text
    assert driver.send("/gate/choose").path == GATE


def test_a_gate_for_a_trip_that_does_not_run_says_so(inspector: Person) -> None:
    assert inspector.see(f"/gate/999/{TODAY}").status == 404
    assert inspector.see(f"/gate/{COACH_TRIP}/36524").status == 404
    assert inspector.see(f"/gate/{10**30}/{TODAY}").status == 404


def test_a_ticket_that_was_given_back_says_when(bench: Bench, inspector: Person) -> None:
    old = sold(bench)
    bench.node.refunds.refund(old.number, "station_error", 0, CLERK_NO, "refund-0001")
    red = scan(inspector, old.text)
    assert colour(red) == "red" and "这张票已经退了" in red.text and "退票时间" in red.text


def test_a_ticket_whose_seat_was_sold_on_names_the_newer_one(bench: Bench, vehicle: Bench) -> None:
    identity = bench.node.identity
    assert identity is not None
    vehicle.operate("net", f"key/{bench.node.signer.kid.hex()}", identity.certificate)
    old = sold(bench)
    bench.node.refunds.refund(old.number, "station_error", 0, CLERK_NO, "refund-0001")
    new = sold(bench, key="key-0002")
    driver = Person(create_app(vehicle.node))
    driver.sign_in(GATE_NO, GATE_PIN)
    assert colour(scan(driver, new.text)) == "green"
    red = scan(driver, old.text)
    assert colour(red) == "red" and new.number in red.text and "另售他人" in red.text
