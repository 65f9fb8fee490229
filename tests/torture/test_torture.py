"""A short torture on each database; and the look at the logs afterwards would see what is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.kernel.tables import event_log
from sync.kernel.ticket import TicketId
from tests.torture import truth
from tests.torture.__main__ import main
from tests.torture.run import Run, tortured

pytestmark = [pytest.mark.slow, pytest.mark.processes]
KILLS = 2


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_nothing_that_was_acknowledged_is_lost_and_a_loss_would_be_seen(tmp_path: Path, kind: str) -> None:
    with tortured(tmp_path / "world", kind, KILLS, 7, print) as run:
        assert run.holds, run.found
        assert min(run.found["node_kills"], run.found["hub_kills"]) >= KILLS
        assert (run.found["postgres_kills"] > 0) is (kind == "postgresql")
        assert min(run.found["sold"], run.found["boarded"]) > 0
        an_acknowledgement_that_never_was_is_missed(run)
        a_row_that_is_gone_from_the_hub_is_missed(run)
        a_row_that_is_gone_from_a_node_is_missed(run)


def an_acknowledgement_that_never_was_is_missed(run: Run) -> None:
    ticket = next(iter(run.told.sold.values()))
    invented = TicketId(run.world.plan.nodes[ticket["node"]], 1, 999_999).number
    run.told.sold[invented] = {**ticket, "number": invented}
    run.told.boarded[invented] = "coach-1"
    found = truth.look(run.world, run.told)
    assert found["acknowledged_lost"] == 2
    assert found["fen_difference"] == ticket["price_minor"]
    del run.told.sold[invented], run.told.boarded[invented]
    assert truth.look(run.world, run.told)["acknowledged_lost"] == 0


def a_row_that_is_gone_from_the_hub_is_missed(run: Run) -> None:
    node_no, seq = where_a_sale_is(run)
    with run.world.hub_database.write() as tx:
        tx.execute(sa.delete(event_log).where(event_log.c.node_no == node_no, event_log.c.seq == seq))
    found = truth.look(run.world, run.told)
    assert (found["acknowledged_lost"], found["events_missing"]) == (1, 2)  # the event, and the end of its chain


def a_row_that_is_gone_from_a_node_is_missed(run: Run) -> None:
    node_no, seq = where_a_sale_is(run)
    name = next(name for name, number in run.world.plan.nodes.items() if number == node_no)
    with sqlite3.connect(run.world.node_data(name) / "node.sqlite") as connection:
        connection.execute("DELETE FROM event_log WHERE seq = ?", (seq,))
    connection.close()
    assert truth.look(run.world, run.told)["acknowledged_lost"] == 1  # the same sale, now in neither


def where_a_sale_is(run: Run) -> tuple[int, int]:
    """Node and sequence of the last sale that somebody was told of: new enough to be a row of its own there."""
    ticket = list(run.told.sold.values())[-1]
    return truth.place_of(run.world, ticket)


def test_a_database_that_nobody_knows_is_a_wrong_call() -> None:
    assert main(["--database", "oracle"]) == 2
