"""Rules for ratings and calendars of working days onto the network's stream."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from sync.domains.ratings.operations import RatingRules
from sync.domains.ratings.rules import check_rating_rules
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from sync.kernel.workdays import WorkCalendar


def publish_rating_rules(tx: Connection, given: RatingRules, today: int) -> int:
    """Tell every node of a set of rules for ratings; gives its position.

    A rating is judged by the rules of its day, so a set begins in the future, or today where none begins yet. Raises
    :class:`Refusal`: ``rating_rules_odd``, ``rating_rules_past``.
    """
    check_rating_rules(given)
    there = given.from_day == today and streams.body(tx, NET, given.key) is not None
    if given.from_day < today or there:
        raise Refusal("rating_rules_past", status=422, field="from_day")
    return streams.publish(tx, NET, given.key, given.to_bytes())


def publish_calendar(tx: Connection, given: WorkCalendar) -> int:
    """Tell every node which days of a year are worked; gives its position. A corrected calendar takes the place of the one
    before: terms are counted by what was announced last."""
    return streams.publish(tx, NET, given.key, given.to_bytes())
