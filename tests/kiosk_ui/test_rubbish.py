"""Whatever is typed or sent, a page answers with a page, and nothing is sold by accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk_ui.app import create_app
from tests.kiosk_ui.conftest import furnished
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY, Bench, make_bench

GETS = ("/kiosk", "/kiosk/to", "/kiosk/trips", "/kiosk/seat", "/kiosk/confirm", "/kiosk/order/1", "/portal",
        "/portal/ticket", "/portal/rate", "/portal/rate/open", "/portal/follow",
        "/sign-in", "/clerk", "/clerk/sell", "/clerk/sell/ride", "/clerk/takings",
        "/gate/trips", "/status")  # fmt: skip
POSTS = ("/kiosk/ask", "/kiosk/order", "/clerk/orders/1/confirm", "/clerk/find", "/clerk/sell", "/gate/choose",
         f"/gate/{COACH_TRIP}/{TODAY}", "/portal/ticket", "/portal/rate", "/portal/rate/open", "/portal/follow",
        "/sign-in")  # fmt: skip
NAMES = ("trip", "day", "from", "to", "seat", "text", "ticket", "page", "who", "tendered", "key", "code", "short_code", "level",
         "tags", "comment", "clerk_no", "pin", "next", "lang", "big", "from_stop", "asked", "picture")  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-5, 120), st.sampled_from([TODAY, COACH_TRIP, 2**31, 2**63, 2**64, 10**40, 36_524, 36_525])
)
VALUES = st.one_of(
    NUMBERS.map(str), st.text(max_size=60), st.sampled_from(["Y1:", "Y1:AAAA", "\x00", "../..", "１２", "%s", "{0}"])
)
RUBBISH = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
GENTLY = settings(
    max_examples=120, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    bench = furnished(make_bench(Path(tmp_path_factory.mktemp("rubbish"))))
    person = Person(create_app(bench.node))
    person.sign_in()
    yield person


@given(address=st.sampled_from(GETS), values=RUBBISH)
@GENTLY
def test_no_address_breaks_a_page(clerk: Person, address: str, values: dict[str, str]) -> None:
    answer = clerk.client.get(address, query_string=values)
    assert answer.status_code < 500 and answer.mimetype == "text/html"


@given(address=st.sampled_from(POSTS), values=RUBBISH)
@GENTLY
def test_no_form_breaks_a_page(clerk: Person, address: str, values: dict[str, str]) -> None:
    with clerk.client.session_transaction() as session:
        signed_in = session.get("clerk")
    if signed_in is None:
        clerk.sign_in()
    answer = clerk.client.post(address, data={**values, "csrf_token": clerk.token()})
    assert answer.status_code < 500 or answer.status_code == 507
    assert answer.mimetype == "text/html"


def test_values_that_are_almost_right_sell_nothing(bench: Bench) -> None:
    person = Person(create_app(bench.node))
    person.sign_in()
    person.see(f"/clerk/sell/ride?trip={COACH_TRIP}&day={TODAY}&from=0&to=4")
    form = person.page.form("/clerk/sell")
    wrong = [{"trip": "999"}, {"day": str(TODAY - 30)}, {"day": str(TODAY + 90)}, {"from": "4"}, {"to": "9"}, {"seat": "99"},
             {"seat": "-1"}, {"seat": "0"}, {"key": ""}, {"key": "short"}, {"key": "x" * 300}, {"tendered": "0"}]  # fmt: skip
    for change in wrong:
        answer = person.post(form.action, {**form.values, **change})
        assert 400 <= answer.status < 500, change
    assert bench.node.ticketing.takings(CLERK_NO, TODAY).count == 0
