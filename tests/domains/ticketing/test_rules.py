"""What a sale is worth and what its ticket says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.ticketing import rules
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.golden import samples


def test_a_ticket_says_what_was_sold() -> None:
    sold = samples.EVENTS["ticket_sold"]
    claims = rules.claims_of(sold, 7, 2)
    assert claims.ticket_id == TicketId(7, 2, sold.serial)
    for name in ("trip_no", "day", "from_idx", "to_idx", "seat", "rider", "until_s"):
        assert getattr(claims, name) == getattr(sold, name)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_change_is_what_is_too_much_and_what_nobody_hands_over_is_refused(price: int, tendered: int) -> None:
    over = tendered - price
    if over < 0 or over > rules.MOST_CHANGE_MINOR:
        with pytest.raises(Refusal, match="cash_short" if over < 0 else "cash_much"):
            rules.change_minor(price, tendered)
        assert rules.shown_change_minor(price, tendered) is None
    else:
        assert price + rules.change_minor(price, tendered) == tendered
        assert rules.shown_change_minor(price, tendered) == tendered - price
    assert rules.shown_change_minor(price, None) is None


def test_a_ticket_is_good_until_six_hours_after_the_planned_arrival() -> None:
    assert rules.valid_until_s(1_795_406_400_999) == 1_795_406_400 + 6 * 3600
