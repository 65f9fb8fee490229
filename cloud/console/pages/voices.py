"""Ratings and what is done about them: the operator's office answers, the office of the hub decides."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import forms
from cloud.console.desk import NUMBER, PAGE, Desk, language
from cloud.console.queries import voices as queries
from cloud.domains.ratings.answers import reading
from cloud.domains.ratings.answers.deciding import BY
from cloud.domains.ratings.answers.reading import Voice
from cloud.domains.timetable import service as timetable
from cloud.kernel.accounts import OPERATOR
from sync.domains.ratings.rules import rating_rules
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """A list, and one rating with its story."""

    @blueprint.get("/voices")
    def voices() -> ResponseReturnValue:
        cases, agency_no = desk.asked("cases") == "1", _agency(desk)
        with desk.database.read() as tx:
            among = queries.trips_of(agency_no) if agency_no is not None else None
            rows = reading.voices(
                tx, desk.zone(), among=among, cases=cases, limit=PAGE + 1, offset=desk.offset()
            )  # fmt: skip
            shown = [(row, label(desk, tx, row)) for row in rows[:PAGE]]
            names = queries.operators(tx, language())
        today = day_at(desk.now_ms(), desk.zone())
        return desk.render(
            "voices.html", rows=shown, more=len(rows) > PAGE, cases=cases, today=today, names=names, agency_no=agency_no
        )

    @blueprint.route(f"/voices/<{NUMBER}:pos>", methods=["GET", "POST"])
    def voice(pos: int) -> ResponseReturnValue:
        form, who = forms.VoiceAct(), desk.who()
        if not form.validate_on_submit():
            return _voice(desk, pos, form, 422 if form.errors else 200)
        try:
            with desk.database.write() as tx:
                desk.hub.ratings.cases.act(tx, pos, form.kind.data, form.text.data or "", who)
                desk.accounts.audit(tx, who.name, f"rating_{form.kind.data}", pos=pos, text=form.text.data or "")
        except Refusal as refusal:
            if refusal.status in (403, 404):
                raise
            forms.put_beside(form, refusal, desk)
            return _voice(desk, pos, form, refusal.status)
        flash(desk.t("console_saved"))
        return redirect(url_for("console.voice", pos=pos))


def label(desk: Desk, tx: Connection, row: Voice) -> timetable.TripLabel:
    """The trip of a rating. To an operator the departure is told only where enough rated it: of a handful of passengers
    its driver might know who spoke."""
    found = timetable.trip_label(tx, row.trip_no, row.day, language())
    if desk.who().role != OPERATOR:
        return found
    least = rating_rules(reading.published_rules(tx), row.day).group_least
    if reading.group_sizes(tx, [(row.trip_no, row.day)])[row.trip_no, row.day] >= least:
        return found
    return found._replace(origin="", destination="", time="")


def _voice(desk: Desk, pos: int, form: forms.VoiceAct, status: int = 200) -> ResponseReturnValue:
    who = desk.who()
    with desk.database.read() as tx:
        found = reading.voice(tx, desk.zone(), pos)
        agency_no = desk.hub.ratings.cases.agency_of(tx, found.trip_no)
        if who.role == OPERATOR and who.agency_no != agency_no:
            raise Refusal("voice_unknown", status=404)
        shown = label(desk, tx, found)
    may = [kind for kind in BY if BY[kind] == who.role and desk.hub.ratings.cases.fits(found, kind)]
    today = day_at(desk.now_ms(), desk.zone())
    return desk.render("voice.html", status, row=found, label=shown, form=form, kinds=may, today=today)


def _agency(desk: Desk) -> int | None:
    """Whose ratings: an operator's office sees its own and no others."""
    who = desk.who()
    return who.agency_no if who.role == OPERATOR else desk.asked_number("operator")
