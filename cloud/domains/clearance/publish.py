"""Rules of departures onto the network's stream."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from sync.domains.clearance.operations import ClearanceRules
from sync.domains.clearance.rules import check_clearance_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET


def publish_clearance_rules(tx: Connection, given: ClearanceRules, today: int) -> int:
    """Tell every node what a departure needs from a day on; gives its position. Published again for the same day it replaces
    itself.

    Raises :class:`Refusal`: ``clearance_rules_odd``, ``clearance_rules_past``.
    """
    check_clearance_rules(given)
    if given.from_day < today:
        raise Refusal("clearance_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, given.key, given.to_bytes())
