"""Announcements onto the streams of their operators. What stands there is all that the hub keeps of them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from cloud.kernel import streams
from cloud.kernel.streams import next_pos
from sync.domains.notices.operations import Notice
from sync.domains.notices.rules import check_notice
from sync.kernel.errors import Refusal
from sync.kernel.operations import operator_stream

_PREFIX = f"{Notice.PREFIX}/"


def announce(tx: Connection, given: Notice, today: int) -> int:
    """Tell an operator's nodes of an announcement, under a number that no other has; gives it. Those of the operator that are
    over go at the same time. Raises as :func:`check_notice`."""
    texts = {language: text.strip() for language, text in given.texts.items() if text.strip()}
    said = check_notice(replace(given, number=next_pos(tx), texts=texts), today)
    stream = operator_stream(given.operator_no)
    over: list[tuple[str, bytes | None]] = [
        (one.key, None) for one in of_operator(tx, given.operator_no) if one.until_day < today
    ]
    streams.publish_many(tx, stream, [*over, (said.key, said.to_bytes())])
    return said.number


def withdraw(tx: Connection, operator_no: int, number: int) -> None:
    """Show an announcement no more. Raises :class:`Refusal` ``notice_unknown``."""
    stream, key = operator_stream(operator_no), f"{_PREFIX}{number}"
    if streams.body(tx, stream, key) is None:
        raise Refusal("notice_unknown", status=404)
    streams.publish(tx, stream, key, None)


def of_operator(tx: Connection, operator_no: int) -> list[Notice]:
    """What an operator says, the newest first."""
    found = [Notice.from_bytes(body) for body in streams.bodies_under(tx, operator_stream(operator_no), _PREFIX)]
    return sorted(found, key=lambda one: -one.number)
