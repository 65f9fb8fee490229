"""What is wrong now: typed issues, each with its cause and the next step, the gravest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.engine import Connection

from cloud.console import queries
from cloud.console.queries import NodeState
from cloud.domains.ratings.answers.reading import open_cases
from cloud.domains.shifts.service import worth_telling
from cloud.domains.ticketing.office.deciding import count_waiting
from cloud.kernel import alerts, recovery, tables
from cloud.kernel.nodes import ACTIVE, HUB
from sync.kernel.days import DAY_MS, day_at

BAD: Final = "bad"
WARN: Final = "warn"
LATE_MS: Final = 15 * 60_000
SILENT_MS: Final = DAY_MS
MANY_WAITING: Final = 500
FEED_ENDS_DAYS: Final = 14
SHOWN_AWAITED: Final = 12
NOTED: Final = {
    "forked": BAD,
    "rewound": BAD,
    "revoked": WARN,
    "hub_was_behind": WARN,
    "held": BAD,
    "node_known_again": WARN,
}

# What a box says of itself, by the codes of its own status page.
REPORTED: Final = {
    "box_stopped": BAD, "operation_unreadable": WARN, "hub_long_away": WARN, "quarantined": WARN,
    "certificate_past": BAD, "unknown_issuer": WARN, "grant_past": WARN, "payment_hangs": WARN,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issue:
    """``code`` names the texts; ``issue_no`` is set where a person may close it."""

    code: str
    level: str
    node_no: int = 0
    node_name: str = ""
    since_ms: int = 0
    link: str = ""
    issue_no: int = 0
    args: Mapping[str, Any] = field(default_factory=dict)


def everything(
    tx: Connection, states: list[NodeState], waiting: Mapping[int, int], now_ms: int, zone: str
) -> list[Issue]:
    """All issues of the network. ``waiting``: node → tails of it that nobody has decided on."""
    found = [*_noted(tx, {state.node_no: state.name for state in states}), *_of_hub(tx, now_ms, zone)]
    if not states:
        found.append(Issue("no_nodes", WARN, link=url_for("console.nodes")))
    for state in states:
        found += of_node(tx, state, now_ms)
        found += _tails(state, waiting.get(state.node_no, 0))
    return sorted(found, key=lambda issue: (issue.level != BAD, issue.node_no, issue.code))


def of_node(tx: Connection, state: NodeState, now_ms: int) -> list[Issue]:
    """What the hub sees from outside: silence, backlog, a clock that nobody vouches for, what the box says itself."""
    if state.kind == HUB:
        return []  # it never visits, and has no box that could be silent
    said: dict[str, Any] = {"node_no": state.node_no, "node_name": state.name}
    if state.status == "":
        link = url_for("console.node", number=state.node_no)
        return [Issue("not_enrolled", WARN, since_ms=state.created_ms, link=link, **said)]
    if state.status != ACTIVE:
        return []
    found = []
    away_ms = now_ms - state.last_contact_ms if state.last_contact_ms else None
    if away_ms is None:
        found.append(Issue("never_heard", WARN, **said))
    elif away_ms > LATE_MS:
        level = BAD if away_ms > SILENT_MS else WARN
        found.append(Issue("silent", level, since_ms=state.last_contact_ms, **said))
    if state.waiting > MANY_WAITING:
        found.append(Issue("backlog", WARN, args={"waiting": state.waiting}, **said))
    if state.reported.get("clock_sure") is False:
        found.append(Issue("clock_unsure", WARN, **said))
    for text in state.reported.get("issues", []):
        if text == "quarantined":
            # The box says so for ever of what the hub once put aside, and does not hear that somebody dealt with it.
            if queries.quarantine_unseen(tx, state.node_no):
                link = url_for("console.quarantine", node=state.node_no)
                found.append(Issue(text, REPORTED[text], link=link, **said))
        elif text in REPORTED:
            found.append(Issue(text, REPORTED[text], **said))
        elif text != "clock_unsure":  # said above, by a flag of its own
            found.append(Issue("reported", BAD, args={"text": text}, **said))
    return found


def _tails(state: NodeState, count: int) -> list[Issue]:
    link = url_for("console.tails")
    return [Issue("tail_held", BAD, state.node_no, state.name, link=link, args={"count": count})] if count else []


def noted_of(tx: Connection, node_no: int, name: str) -> list[Issue]:
    """What the hub wrote down about one node and nobody closed."""
    return [issue for issue in _noted(tx, {node_no: name}) if issue.node_no == node_no]


def _noted(tx: Connection, names: Mapping[int, str]) -> list[Issue]:
    table = tables.issue
    rows = tx.execute(sa.select(table).where(table.c.closed_ms.is_(None)).order_by(table.c.issue_no))
    return [
        Issue(
            row.code if row.code in NOTED else "noted",
            NOTED.get(row.code, WARN),
            row.node_no,
            names.get(row.node_no, ""),
            row.seen_ms,
            issue_no=row.issue_no,
            args={"code": row.code, "detail": row.detail},
        )
        for row in rows
    ]


def _of_hub(tx: Connection, now_ms: int, zone: str) -> list[Issue]:
    found = _recovering(tx)
    if unseen := queries.quarantine_unseen(tx):
        found.append(Issue("quarantine", BAD, link=url_for("console.quarantine"), args={"count": unseen}))
    if told := alerts.count_open(tx, worth_telling(tx, day_at(now_ms, zone))):
        found.append(Issue("alerts", BAD, link=url_for("console.alerts"), args={"count": told}))
    found += _cases(tx, now_ms, zone)
    if asked := count_waiting(tx):
        found.append(Issue("refund_requests", WARN, link=url_for("console.refund_requests"), args={"count": asked}))
    if conflicts := queries.conflict_count(tx):
        found.append(Issue("conflicts", BAD, link=url_for("console.conflicts"), args={"count": conflicts}))
    end_day, any_feed = queries.feed_end(tx)
    link = url_for("console.imports")
    if not any_feed:
        found.append(Issue("no_feed", BAD, link=link))
    elif end_day is not None and (left := end_day - day_at(now_ms, zone)) < FEED_ENDS_DAYS:
        code, level = ("feed_ended", BAD) if left < 0 else ("feed_ends", WARN)
        found.append(Issue(code, level, link=link, args={"days": abs(left)}))
    for row in queries.recent_locks(tx, now_ms):
        args = {"clerk": row.clerk_no, "attempts": row.attempts}
        found.append(Issue("clerk_locked", WARN, row.node_no, row.name or str(row.node_no), args=args))
    return found


def _cases(tx: Connection, now_ms: int, zone: str) -> list[Issue]:
    """Bad ratings that nobody has answered in time, and terms that can't be counted."""
    today = day_at(now_ms, zone)
    waiting = open_cases(tx, zone)
    late = sum(one.overdue(today) in ("contact", "resolve") for one in waiting)
    years = sorted({one.terms.missing_year for one in waiting if one.terms and one.terms.missing_year})
    link = url_for("console.voices", cases=1)
    found = [Issue("cases_late", BAD, link=link, args={"count": late})] if late else []
    return found + [Issue("calendar_missing", WARN, link=link, args={"year": year}) for year in years]


def _recovering(tx: Connection) -> list[Issue]:
    now = recovery.current(tx)
    if now is None or now.ended_ms is not None:
        return []
    names = list(dict.fromkeys(one.name for one in recovery.awaited(tx)))
    awaited = ", ".join(names[:SHOWN_AWAITED]) + (
        f" +{len(names) - SHOWN_AWAITED}" if len(names) > SHOWN_AWAITED else ""
    )
    args = {"generation": now.generation, "cause": now.cause, "awaited": awaited or "–"}
    return [Issue("recovering", BAD, since_ms=now.started_ms, link=url_for("console.nodes"), args=args)]
