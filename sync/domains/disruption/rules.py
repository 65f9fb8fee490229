"""What a disruption may say, and what it means to a ticket."""

from __future__ import annotations

from typing import Final

from sync.domains.disruption.operations import Disruption
from sync.kernel.errors import Refusal

CANCELLED: Final = "cancelled"
DELAYED: Final = "delayed"
KINDS: Final = (CANCELLED, DELAYED)
MAX_DELAY_MINUTES: Final = 2_880
MAX_NOTE: Final = 200
# Kind → the reason for which a ticket is given back or exchanged free.
_FAULTS: Final = {CANCELLED: "trip_cancelled", DELAYED: "trip_delayed"}


def fault_of(kind: str) -> str:
    """The carrier's fault behind a kind, as :data:`sync.domains.ticketing.events.REASONS` names it; empty for none."""
    return _FAULTS.get(kind, "")


def check_disruption(given: Disruption) -> Disruption:
    """``given`` if it makes sense. Raises :class:`Refusal`: ``disruption_kind``, ``disruption_minutes``, ``disruption_note``."""
    if given.kind not in KINDS:
        raise Refusal("disruption_kind", status=422, field="kind")
    least, most = (1, MAX_DELAY_MINUTES) if given.kind == DELAYED else (0, 0)
    if not least <= given.minutes <= most:
        raise Refusal("disruption_minutes", status=422, field="minutes", most=MAX_DELAY_MINUTES)
    if not given.note.strip() or len(given.note) > MAX_NOTE or "\x00" in given.note:
        raise Refusal("disruption_note", status=422, field="note", most=MAX_NOTE)
    return given
