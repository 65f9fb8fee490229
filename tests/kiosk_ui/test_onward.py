"""A missed connection at the counter: seen in the list, exchanged by one key."""

from __future__ import annotations

from edge.domains.ticketing.office.bookings import Rider, Wish
from sync.domains.disruption.operations import Disruption
from tests.kiosk_ui.person import Person
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, TODAY, Bench


def test_one_key_takes_everybody_along_the_next_way(bench: Bench, clerk: Person) -> None:
    bench.grant(LATE_TRIP, seats=dict.fromkeys((5, 6), ALL_LEGS))
    bench.grant(COACH_TRIP, TODAY + 1, seats=dict.fromkeys((5, 6), ALL_LEGS))
    wish = Wish(((COACH_TRIP, TODAY, 0, 1), (LATE_TRIP, TODAY, 1, 4)), (Rider(), Rider()))
    tickets = bench.node.bookings.sell(wish, CLERK_NO, "booking-0001").tickets
    assert "没有断" in clerk.see(f"/clerk/tickets/{tickets[2].number}/onward").text
    said = Disruption("delayed", 600, "雾", 1).to_bytes()
    bench.operate("operator/1", f"disruption/{COACH_TRIP}/{TODAY}", said)
    page = clerk.see("/clerk/disruptions")
    assert "赶不上的联程：1" in page.text
    link = next(link for link in page.links if link.endswith("/onward"))
    page = clerk.see(link)
    form = page.form("/onward")
    clerk.post(form.action, form.values)
    assert all(bench.node.ticketing.find(one.number).refunded is not None for one in tickets[2:])
    assert "赶不上的联程" not in clerk.see("/clerk/disruptions").text
