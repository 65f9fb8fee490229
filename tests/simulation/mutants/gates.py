"""Gates that let in whom they should not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.boarding import store
from edge.domains.boarding.service import Boarding
from edge.kernel.directory import Directory


@contextlib.contextmanager
def board_checked_outside() -> Iterator[None]:
    """Whether a ticket was used is looked up before the transaction that boards it."""

    def check(self: Boarding, code: str, trip_no: int, day: int, gate: str, clerk_no: int, stop_idx: Any = None) -> Any:
        judged, claims = self.judge(code, trip_no, day, stop_idx)
        first = store.boarded(self._database.read(), judged.ticket_id)
        self._keeper.wall_ms()
        with mock.patch.object(store, "boarded", lambda *_: first):
            return self._scribe.record(
                lambda unit: self.record(unit, judged, claims, (trip_no, day), gate, clerk_no, code)
            )

    with mock.patch.object(Boarding, "check", check):
        yield


@contextlib.contextmanager
def revocation_unread() -> Iterator[None]:
    """A gate checks the signature and the certificate, and forgets that a key can be revoked."""
    with mock.patch.object(Directory, "revoked_after", lambda _self, _kid: None):
        yield


MUTANTS: Final = {
    "board_checked_outside": board_checked_outside,
    "revocation_unread": revocation_unread,
}
