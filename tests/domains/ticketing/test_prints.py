"""Tickets on paper: each counted, marked from the second on, and none of a ticket that is void."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.domains.ticketing.office.prints import MAX_COPIES
from edge.kernel.rebuild import dump, rebuild
from kiosk_ui.app import create_app
from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketPrinted
from sync.kernel.errors import Refusal
from tests.kiosk_ui.person import Person
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    return found


def logged(bench: Bench) -> list[TicketPrinted]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    events = (EVENTS.decode(row[0]).event for row in rows)
    return [event for event in events if isinstance(event, TicketPrinted)]


def test_every_paper_is_counted_and_stands_in_the_log_before_it_is_shown(bench: Bench) -> None:
    sold, other = bench.sell(), bench.sell()
    assert [bench.node.prints.copy(sold.number, CLERK_NO) for _ in range(2)] == [1, 2]
    bench.restart()
    assert bench.node.prints.copy(sold.number, 0) == 3
    assert bench.node.prints.copy(other.number, 0) == 1
    mine = sold.ticket_id.to_bytes()
    assert [(event.copy, event.clerk_no) for event in logged(bench) if event.ticket_id == mine] == [
        (1, CLERK_NO), (2, CLERK_NO), (3, 0),
    ]  # fmt: skip


def test_a_void_ticket_gets_no_paper_and_nobody_prints_for_ever(bench: Bench) -> None:
    sold, other = bench.sell(), bench.sell()
    offer = bench.node.refunds.offer(sold.number, "station_error")
    bench.node.refunds.refund(sold.number, "station_error", offer.fee_minor, CLERK_NO, "give-it-back")
    with pytest.raises(Refusal, match="ticket_refunded"):
        bench.node.prints.copy(sold.number, CLERK_NO)
    for _ in range(MAX_COPIES):
        bench.node.prints.copy(other.number, CLERK_NO)
    with pytest.raises(Refusal, match="printed_often"):
        bench.node.prints.copy(other.number, CLERK_NO)
    assert bench.node.prints.copies(other.ticket_id.to_bytes()) == MAX_COPIES


def test_a_box_that_writes_nothing_prints_all_the_same(bench: Bench) -> None:
    sold = bench.sell()
    bench.node.scribe.stopped = "a test"
    assert bench.node.prints.copy(sold.number, CLERK_NO) == 0
    assert logged(bench) == []


def test_the_state_is_a_fold_of_the_log_with_prints_in_it(bench: Bench) -> None:
    bench.node.prints.copy(bench.sell().number, CLERK_NO)
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    node.scribe.write(
        lambda unit: rebuild(
            unit.connection, node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES,
            domains.STATE_TABLES,
        )
    )  # fmt: skip
    assert dump(node.database.read(), tables) == before


def test_the_second_paper_says_that_it_is_one_on_either_size(bench: Bench) -> None:
    sold, clerk = bench.sell(), Person(create_app(bench.node))
    clerk.sign_in()
    assert "补打" not in clerk.see(f"/tickets/{sold.number}/print").text
    page = clerk.see(f"/tickets/{sold.number}/print?roll=1")
    assert "补打第 2 份" in page.text and 'class="paper roll"' in page.html
    assert [event.clerk_no for event in logged(bench)] == [CLERK_NO, CLERK_NO]
