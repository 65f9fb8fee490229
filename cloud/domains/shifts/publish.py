"""Rules of the counter onto the network's stream."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from sync.domains.shifts.operations import OfficeRules
from sync.domains.shifts.rules import check_office_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET


def publish_office_rules(tx: Connection, given: OfficeRules, today: int) -> int:
    """Tell every node of a set of office rules; gives its position. Published again for the same day it replaces itself.

    Raises :class:`Refusal`: ``office_rules_odd``, ``office_rules_past`` (a shift is judged by the rules of its day).
    """
    check_office_rules(given)
    if given.from_day < today:
        raise Refusal("office_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, given.key, given.to_bytes())
