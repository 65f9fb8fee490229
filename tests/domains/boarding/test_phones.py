"""Tickets that are bound to a phone, at the gate: the phone's own code boards, a picture of it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge.domains.boarding import service
from edge.domains.boarding.service import Verdict
from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.boarding import rules
from sync.domains.boarding.events import TicketBoarded
from sync.domains.boarding.operations import BoundTicket, GateRules
from sync.kernel import certificate, holder, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Refusal
from sync.kernel.keys import EDDSA, Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, Bench, make_bench
from tests.support.phones import Phone

ONLINE = Ed25519Signer(b"the hub's own node, as number 8.")
NOW_S = NOON_MS // 1000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path, kind="vehicle")
    signed = certificate.issue(Certificate(8, 1, ONLINE.public, TODAY - 3, TODAY + 700), found.hub)
    found.operate("net", f"key/{ONLINE.kid.hex()}", signed)
    return found


@pytest.fixture(params=[EDDSA, holder.ES256], ids=["Ed25519", "P-256"])
def phone(request: pytest.FixtureRequest) -> Phone:
    return Phone(request.param)


def sold(phone: Phone | None, **changes: object) -> str:
    claims = Claims(TicketId(8, 1, 1), COACH_TRIP, TODAY, 0, 4, 9, 0, NOW_S + 86_400)
    bound = phone.holder if phone else b""
    return ticket.issue(dataclasses.replace(claims, holder=bound, **changes), ONLINE)  # type: ignore[arg-type]


def check(bench: Bench, code: str) -> Verdict:
    return bench.node.boarding.check(code, COACH_TRIP, TODAY, "g1", CLERK_NO)


def publish(bench: Bench, **changes: object) -> None:
    given = GateRules("gd", "a notice", TODAY - 1, 30, 30, "refused")
    given = dataclasses.replace(given, **changes)  # type: ignore[arg-type]
    bench.operate("net", given.key, given.to_bytes())


@pytest.mark.parametrize("late_s", [-30, 0, 30])
def test_a_code_that_the_phone_signed_just_now_is_green(bench: Bench, phone: Phone, late_s: int) -> None:
    text = sold(phone)
    found = check(bench, phone.show(text, NOW_S - late_s))
    assert (found.colour, found.reason, found.notes) == ("green", None, ())
    ride = bench.node.boarding.boarded_ride(TicketId(8, 1, 1))
    assert ride is not None and ride[4] == ticket.short_code(text)
    assert check(bench, phone.show(text, NOW_S)).reason == "already_used"


@pytest.mark.parametrize("late_s", [-3_600, -31, 31, 60, 86_400])
def test_a_picture_of_a_code_is_red(bench: Bench, phone: Phone, late_s: int) -> None:
    found = check(bench, phone.show(sold(phone), NOW_S - late_s))
    assert (found.colour, found.reason) == ("red", "code_stale")
    assert check(bench, phone.show(sold(phone), NOW_S)).colour == "green"


def test_without_the_look_at_the_time_a_picture_would_board(
    bench: Bench, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above."""
    monkeypatch.setattr(service.rules, "held_by", lambda *_: None)
    assert check(bench, phone.show(sold(phone), NOW_S - 60)).colour == "green"


def test_the_tolerance_is_what_the_hub_published(bench: Bench, phone: Phone) -> None:
    publish(bench, code_age_s=90)
    assert check(bench, phone.show(sold(phone), NOW_S - 90)).colour == "green"
    assert check(bench, phone.show(sold(phone), NOW_S - 91)).reason == "code_stale"


def test_a_bound_ticket_without_its_phone_is_refused_or_amber_as_the_rules_say(bench: Bench, phone: Phone) -> None:
    assert (check(bench, sold(phone)).colour, check(bench, sold(phone)).reason) == ("red", "code_unsigned")
    publish(bench, unsigned="amber")
    found = check(bench, sold(phone))
    assert (found.colour, found.notes) == ("amber", ("code_unsigned",))


def test_with_a_clock_in_doubt_the_time_is_not_checked_and_that_is_recorded(bench: Bench, phone: Phone) -> None:
    code = phone.show(sold(phone), NOW_S - 600)
    bench.clock.wall += 400 * 86_400_000
    bench.node.clock._hub = None
    found = check(bench, code)
    assert (found.colour, found.notes) == ("amber", ("clock_unsure",))
    events = [EVENTS.decode(data).event for _, data in log.events_after(bench.node.database.read())]
    (boarded,) = [event for event in events if isinstance(event, TicketBoarded)]
    assert boarded.clock_sure is False


def test_another_phones_signature_is_forged_also_with_a_clock_in_doubt(bench: Bench, phone: Phone) -> None:
    bench.clock.wall += 400 * 86_400_000
    bench.node.clock._hub = None
    assert check(bench, Phone(phone.alg).show(sold(phone), NOW_S)).reason == "forged"


def test_the_wrong_trip_is_said_before_an_old_code(bench: Bench, phone: Phone) -> None:
    other = sold(phone, trip_no=FERRY_TRIP, to_idx=1, seat=0)
    assert check(bench, phone.show(other, NOW_S - 600)).reason == "wrong_trip"


def test_the_paper_form_of_a_ticket_that_was_bound_afterwards_boards_nobody(bench: Bench, phone: Phone) -> None:
    key = f"bound/{TicketId(8, 1, 1).to_bytes().hex()}"
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", key, BoundTicket(COACH_TRIP, TODAY, NOON_MS).to_bytes())
    assert check(bench, sold(None)).reason == "code_unsigned"
    assert check(bench, phone.show(sold(phone), NOW_S)).colour == "green"


def test_the_newest_rules_of_the_day_hold_and_odd_ones_are_refused() -> None:
    first, later = (GateRules(name, "s", day, 30, 30, "refused") for name, day in (("first", 10), ("later", 20)))
    assert [rules.gate_rules([later, first], day).name for day in (9, 10, 19, 20)] == [
        "default",
        "first",
        "first",
        "later",
    ]
    check_gate = rules.check_gate_rules
    check_gate(first)
    for field, value in (("code_age_s", 4), ("code_ahead_s", 601), ("unsigned", "green"), ("name", ""), ("source", "")):
        with pytest.raises(Refusal) as refused:
            check_gate(dataclasses.replace(first, **{field: value}))  # type: ignore[arg-type]
        assert (refused.value.code, refused.value.field) == ("gate_rules_odd", field)
