"""The departure form, as an inspector fills it in."""

from __future__ import annotations

import pytest
from flask import Flask

from edge.domains.clearance.service import DriverShown, Form
from sync.domains.boarding.operations import Duty
from sync.domains.register.operations import DriverFacts
from sync.kernel.days import date_of
from tests.kiosk_ui.conftest import GATE_NO, GATE_PIN
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, PIN, TODAY, Bench

PAGE = f"/gate/clearance/{COACH_TRIP}/{TODAY}"
LATER = date_of(TODAY + 9).isoformat()


@pytest.fixture
def inspector(app: Flask) -> Person:
    person = Person(app)
    person.sign_in(GATE_NO, GATE_PIN)
    return person


def filled(**changes: str) -> dict[str, str]:
    form = {"plate": "粤H12345", "aboard": "40", "checked": "1", "belts": "1", "inspection_until": LATER, "pin": GATE_PIN,
            "permit_until": LATER, "driver_1": "typed", "licence_1": LATER, "qualification_1": LATER}  # fmt: skip
    return {name: value for name, value in {**form, **changes}.items() if value}


def test_an_inspector_is_told_what_is_wrong_and_by_which_rule_and_then_clears(inspector: Person) -> None:
    inspector.see(PAGE)
    refused = inspector.send(PAGE, **filled(other_km="400", belts=""))
    assert "不准出站" in refused.text and "驾驶员人数不够" in refused.text and "article 45" in refused.text
    cleared = inspector.send(PAGE, **filled())
    assert "准予出站" in cleared.text and "此前被拒 1 次" in cleared.text
    assert "粤H12345" in inspector.see(f"{PAGE}/print").text
    inspector.see(PAGE)
    assert "撤销放行" not in inspector.send("/undo").text


def test_the_drivers_of_the_duty_stand_in_the_form_with_their_papers_in_the_register(
    bench: Bench, inspector: Person
) -> None:
    node_no = bench.node.identity.node_no if bench.node.identity else 0
    duty = Duty("粤H12345", (CLERK_NO,))
    bench.operate(f"node/{node_no}", f"duty/{COACH_TRIP}/{TODAY}", duty.to_bytes())
    driver = DriverFacts(1, "陈*", "A1", TODAY + 9, TODAY - 1, "", TODAY, CLERK_NO)
    bench.operate("register/1", "driver/6", driver.to_bytes())
    page = inspector.see(PAGE)
    assert f'<option value="6" selected>陈* 工号 {CLERK_NO}</option>' in page.html
    assert "从业资格" in inspector.send(PAGE, **filled(driver_1="6", licence_1="", qualification_1="")).text


def test_a_wrong_pin_stays_beside_its_field(inspector: Person) -> None:
    inspector.see(PAGE)
    wrong = inspector.send(PAGE, **filled(pin="0000"))
    assert wrong.status in (401, 403) and "aria-invalid" in wrong.html


def test_a_ferrys_count_says_the_difference(bench: Bench, inspector: Person) -> None:
    page = f"/gate/clearance/{FERRY_TRIP}/{TODAY}"
    inspector.see(page)
    assert "相差 3" in inspector.send("/count", counted="3").text
    papers = DriverShown(0, TODAY, TODAY)
    bench.node.clearance.decide(
        Form(FERRY_TRIP, TODAY, "SHIP 1", 3, True, True, drivers=(papers,), inspection_until_day=TODAY,
             permit_until_day=TODAY), CLERK_NO, PIN,
    )  # fmt: skip
    assert "准予出站" in inspector.see(page).text
