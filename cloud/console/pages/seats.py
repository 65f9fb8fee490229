"""Seats × legs of a trip: free, granted to whom, sold, suspect."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from cloud.console import forms, queries, running, seatmap
from cloud.console.desk import DAY, PAGE, TRIP, Desk, language
from cloud.console.pages.sales import asked_day
from cloud.domains.boarding.service import boarding_counts
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.service import books_of
from cloud.domains.ticketing.service import tickets_of
from cloud.domains.timetable import service as timetable
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal

MOST = (1 << 63) - 1
FARTHEST_DAY = 1_000_000


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Trips and their seats."""

    @blueprint.get("/trips")
    def trips() -> ResponseReturnValue:
        day = asked_day(desk, "day", day_at(desk.now_ms(), desk.zone()))
        with desk.database.read() as tx:
            found = queries.dated_trips(tx, day, PAGE + 1, desk.offset())
            books = ledger.load(tx, [(row.trip_no, row.day) for row in found[:PAGE]])
            rows = [
                (seatmap.summary(book), book, timetable.trip_label(tx, book.trip_no, book.day, language()))
                for book in books.values()
            ]
            marks = running.marks(tx, books)
        return desk.render("trips.html", rows=rows, day=day, marks=marks, more=len(found) > PAGE)

    @blueprint.get(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>")
    def trip(trip_no: int, day: int) -> ResponseReturnValue:
        return _page(desk, trip_no, day, forms.Release(formdata=None))

    @blueprint.post(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/release")
    def release(trip_no: int, day: int) -> ResponseReturnValue:
        form = forms.Release()
        if not form.validate():
            return _page(desk, trip_no, day, form, 422)
        who, reason = desk.who().name, form.reason.data.strip()[:200]
        try:
            with desk.database.write() as tx:
                grant_id, places = min(max(form.grant.data or 0, 0), MOST), form.places.data or 0
                count = desk.hub.seats.release_at_risk(tx, grant_id, places, reason, who)
                audited = {"trip": trip_no, "day": day, "grant": grant_id, "places": count, "reason": reason}
                desk.accounts.audit(tx, who, "release_at_risk", **audited)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, trip_no, day, form, refusal.status)
        flash(desk.t("console_released", count=count))
        return redirect(url_for("console.trip", trip_no=trip_no, day=day))


def _page(desk: Desk, trip_no: int, day: int, form: forms.Release, status: int = 200) -> ResponseReturnValue:
    if abs(day) > FARTHEST_DAY:
        raise NotFound
    with desk.database.read() as tx:
        view, book = desk.hub.seats.trip(tx, trip_no, day), books_of(tx, (trip_no, day))
        suspects = {(line.node_no, line.node_epoch) for line in view.holders if line.suspect}
        stops, labels = _names(tx, trip_no, book.legs), seatmap.seat_labels(tx, trip_no, day)
        chart = seatmap.chart(book, labels, suspects)
        tickets = tickets_of(tx, trip_no, day, PAGE + 1, desk.offset())
        values: dict[str, Any] = {
            "view": view,
            "chart": chart,
            "stops": stops,
            "seat_labels": labels,
            "label": timetable.trip_label(tx, trip_no, day, language()),
            "boarding": boarding_counts(tx, trip_no, day),
            "marks": running.marks(tx, [(trip_no, day)]).get((trip_no, day), []),
            "suspects": queries.suspect_grants(tx, trip_no, day, suspects),
            "node_names": {line.node_no: line.node_name for line in view.holders},
        }
    return desk.render("trip.html", status, form=form, tickets=tickets[:PAGE], more=len(tickets) > PAGE, **values)


def _names(tx: Connection, trip_no: int, legs: int) -> list[str]:
    """Names of the stops; numbers where the timetable does not know the trip."""
    facts = timetable.trip_facts(tx, trip_no)
    if facts is None or len(facts.stop_nos) != legs + 1:
        return [str(index) for index in range(legs + 1)]
    names = timetable.stop_names(tx, facts.stop_nos, language())
    return [names.get(number, str(number)) for number in facts.stop_nos]
