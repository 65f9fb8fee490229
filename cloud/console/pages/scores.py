"""Scores over time, by line and by hour, and what people complain of."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import chart
from cloud.console.desk import Desk, language
from cloud.console.queries import voices as queries
from cloud.domains.ratings.answers.reading import published_rules
from cloud.domains.ratings.scoring.tally import ALL_MONTHS, KINDS, LINE, OPERATOR, Scores, public
from cloud.domains.ratings.scoring.words import MOST_COMMENTS, word_groups
from cloud.kernel import accounts
from sync.domains.ratings.operations import PublicScore, RatingRules
from sync.domains.ratings.rules import rating_rules
from sync.kernel.days import day_at


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page an operator."""

    @blueprint.get("/scores")
    def scores() -> ResponseReturnValue:
        today = day_at(desk.now_ms(), desk.zone())
        with desk.database.read() as tx:
            names = _names(desk, tx)
            agency_no = desk.asked_number("operator") or next(iter(names), 0)
            agency_no = agency_no if agency_no in names else 0
            lines = queries.lines_of(tx, agency_no, language()) if agency_no else {}
            line_no = desk.asked_number("line")
            line_no = line_no if line_no in lines else None
            given = rating_rules(published_rules(tx), today)
            shown = _shown(desk, tx, agency_no, line_no, given) if agency_no else {}
        return desk.render(
            "scores.html",
            names=names,
            agency_no=agency_no,
            lines=lines,
            line_no=line_no,
            given=given,
            chart=chart,
            **shown,
        )


def _shown(desk: Desk, tx: Connection, agency_no: int, line_no: int | None, given: RatingRules) -> dict[str, Any]:
    among = queries.trips_of(agency_no) if line_no is None else queries.trips_of_line(line_no)
    found = desk.hub.ratings.board.scores(tx, 1 << 30, among)
    kind, name = (OPERATOR, str(agency_no)) if line_no is None else (LINE, str(line_no))
    months = {
        f"{subject.month // 100}-{subject.month % 100:02d}": one.levels
        for subject, one in sorted(found.items())
        if (subject.kind, subject.name) == (kind, name) and subject.month != ALL_MONTHS
    }
    hours = {f"{hour:02d}": levels for hour, levels in queries.by_hour(tx, among).items()}
    return {
        "scores": _public(found, given.score_least),
        "months": chart.bars(months, given.group_least),
        "hours": chart.bars(hours, given.group_least),
        "words": word_groups(queries.complaints(tx, among, MOST_COMMENTS), given.group_least),
    }


def _public(found: Scores, least: int) -> list[PublicScore]:
    """Scores in all months that rest on enough ratings, the operator's first."""
    told = [
        public(subject, one) for subject, one in found.items() if subject.month == ALL_MONTHS and one.count >= least
    ]
    return sorted(told, key=lambda one: (KINDS.index(one.kind), -one.count, one.subject))


def _names(desk: Desk, tx: Connection) -> dict[int, str]:
    """Operators that may be looked at: an operator's office has its own."""
    who, names = desk.who(), queries.operators(tx, language())
    if who.role == accounts.OPERATOR:
        return {who.agency_no: names.get(who.agency_no, str(who.agency_no))}
    return names
