"""Folding that goes wrong at the hub."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from unittest import mock

from cloud.domains.ticketing import apply as ticketing
from cloud.kernel import fold
from cloud.kernel.database import insert_rows, take_positions, upsert_rows
from cloud.kernel.fold import Received
from cloud.kernel.intake import Intake
from sync.kernel.errors import Refusal


@contextlib.contextmanager
def intake_not_idempotent() -> Iterator[None]:
    """What a repeated request brings a second time is folded a second time, though it is logged once."""
    append = Intake._append

    def eager(self: Intake, tx: Any, key: Any, sent: Any, skip: int) -> Any:
        if skip:
            pos = take_positions(tx, skip)
            again = [
                Received(pos + i, key.node_no, key.epoch, sent.request.first_seq + i, *one)
                for i, one in enumerate(sent.read[:skip])
            ]
            self._fold.apply(tx, again)
        return append(self, tx, key, sent, skip)

    with mock.patch.object(Intake, "_append", eager):
        yield


@contextlib.contextmanager
def quarantine_blocks() -> Iterator[None]:
    """An event that breaks a rule is refused with everything that came with it."""

    def run(applier: Any, mine: Sequence[Received]) -> Any:
        applier.prepare(mine)
        for received in mine:
            try:
                applier.apply(received)
            except fold.Quarantine as found:
                raise Refusal(found.code) from found
        applier.flush()
        return applier

    with mock.patch.object(fold, "_run", run):
        yield


@contextlib.contextmanager
def unknown_event_dropped() -> Iterator[None]:
    """An event of a type that the hub does not know is acknowledged and not kept."""
    insert = insert_rows

    def picky(tx: Any, table: Any, columns: Any, rows: Any) -> None:
        if table.name == "event_log":
            at = list(columns).index("type")
            rows = [row for row in rows if row[at] < 1_000]
        insert(tx, table, columns, rows)

    with mock.patch("cloud.kernel.intake.insert_rows", picky):
        yield


@contextlib.contextmanager
def sums_replaced() -> Iterator[None]:
    """What a batch sold is put in the place of the day's sum, and not added to it."""
    with mock.patch.object(ticketing, "add_to_rows", upsert_rows):
        yield


MUTANTS: Final = {
    "intake_not_idempotent": intake_not_idempotent,
    "quarantine_blocks": quarantine_blocks,
    "unknown_event_dropped": unknown_event_dropped,
    "sums_replaced": sums_replaced,
}
