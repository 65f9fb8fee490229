"""Rules of the ticket office onto the network's stream."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.tables import fare_rules
from cloud.kernel import streams
from sync.domains.ticketing.office.fares import check_fare_rules
from sync.domains.ticketing.office.realname import check_real_name_rules
from sync.domains.ticketing.office.rebooking import check_rebook_rules
from sync.domains.ticketing.operations import FareRules, RealNameRules, RebookRules, RefundRules
from sync.domains.ticketing.rules import check_refund_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET


def publish_refund_rules(tx: Connection, given: RefundRules, today: int) -> int:
    """Tell every node of a set of refund rules; gives its position.

    A sale is judged by the rules of its day, so a set begins in the future, or today where none begins yet. Raises
    :class:`Refusal`: ``refund_rules_odd``, ``refund_rules_past``.
    """
    check_refund_rules(given)
    return _publish(tx, given.key, given.from_day, given.to_bytes(), today)


def publish_rebook_rules(tx: Connection, given: RebookRules, today: int) -> int:
    """The same of a set of rules for rebooking. Raises :class:`Refusal`: ``rebook_rules_odd``, ``refund_rules_past``."""
    check_rebook_rules(given)
    return _publish(tx, given.key, given.from_day, given.to_bytes(), today)


def publish_fare_rules(tx: Connection, given: FareRules, today: int) -> int:
    """The same of a set of fare rules, by which the hub judges sales. Raises :class:`Refusal`: ``fare_rules_odd``,
    ``refund_rules_past``."""
    check_fare_rules(given)
    body = given.to_bytes()
    pos = _publish(tx, given.key, given.from_day, body, today)
    tx.execute(sa.insert(fare_rules).values(pos=pos, body=body))
    return pos


def publish_real_name_rules(tx: Connection, given: RealNameRules, today: int) -> int:
    """The same of where travellers are named. Raises :class:`Refusal`: ``realname_rules_odd``, ``refund_rules_past``."""
    check_real_name_rules(given)
    return _publish(tx, given.key, given.from_day, given.to_bytes(), today)


def _publish(tx: Connection, key: str, from_day: int, body: bytes, today: int) -> int:
    there = {operation.key for operation in streams.read_all(tx, NET)} if from_day == today else set()
    if from_day < today or key in there:
        raise Refusal("refund_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, key, body)
