"""Rules of the gates onto the network's stream."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from sync.domains.boarding.operations import GateRules
from sync.domains.boarding.rules import check_gate_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET


def publish_gate_rules(tx: Connection, given: GateRules, today: int) -> int:
    """Tell every node of a set of gate rules; gives its position. Published again for the same day it replaces itself.

    Raises :class:`Refusal`: ``gate_rules_odd``, ``gate_rules_past``.
    """
    check_gate_rules(given)
    if given.from_day < today:
        raise Refusal("gate_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, given.key, given.to_bytes())
