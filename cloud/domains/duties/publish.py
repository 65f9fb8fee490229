"""Rules of rest onto the network's stream."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from sync.domains.duties.rest.operations import RestRules
from sync.domains.duties.rest.rules import check_rest_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET


def publish_rest_rules(tx: Connection, given: RestRules, today: int) -> int:
    """Tell every node of a set of rules of rest; gives its position. Published again for the same day it replaces itself.

    Raises :class:`Refusal`: ``rest_rules_odd``, ``rest_rules_past`` (a trip is judged by the rules of its day).
    """
    check_rest_rules(given)
    if given.from_day < today:
        raise Refusal("rest_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, given.key, given.to_bytes())
