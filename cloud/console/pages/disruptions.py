"""Cancelling, delaying and restoring a trip of one day."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import forms
from cloud.console.desk import DAY, TRIP, Desk, language
from cloud.domains.disruption import service as disruptions
from cloud.domains.ticketing.service import good_tickets
from cloud.domains.timetable import service as timetable
from sync.domains.disruption.rules import CANCELLED
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page a dated trip."""

    @blueprint.get(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/disruption")
    def disruption(trip_no: int, day: int) -> ResponseReturnValue:
        return _page(desk, trip_no, day, forms.Disrupt(formdata=None))

    @blueprint.post(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/disruption")
    def disrupt(trip_no: int, day: int) -> ResponseReturnValue:
        form = forms.Disrupt()
        if not form.validate():
            return _page(desk, trip_no, day, form, 422)
        try:
            with desk.database.write() as tx:
                _decide(tx, desk, (trip_no, day), form)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, trip_no, day, form, refusal.status)
        flash(desk.t("console_disrupted"))
        return redirect(url_for("console.disruption", trip_no=trip_no, day=day))


def _decide(tx: Connection, desk: Desk, where: tuple[int, int], form: forms.Disrupt) -> None:
    """Raises :class:`Refusal`: ``disruption_unsure`` where nobody agreed to cancel for as many tickets as there are now, and
    as :class:`disruptions.Disruptions`."""
    who, (trip_no, day) = desk.who().name, where
    if form.kind.data == "none":
        desk.hub.disruptions.lift(tx, where)
        desk.accounts.audit(tx, who, "restore_trip", trip=trip_no, day=day)
        return
    if form.kind.data == CANCELLED:
        _check_sure(form, len(good_tickets(tx, *where)))
    minutes, note = min(max(form.minutes.data or 0, 0), 1 << 20), (form.note.data or "").strip()
    told = desk.hub.disruptions.disrupt(tx, where, form.kind.data, minutes, note, who)
    said = {"kind": form.kind.data, "minutes": minutes, "reason": note}
    desk.accounts.audit(tx, who, "disrupt_trip", trip=trip_no, day=day, places=told, **said)


def _check_sure(form: forms.Disrupt, affected: int) -> None:
    """More may have been sold since the page was read: then it is asked again, with the new number."""
    if form.sure.data is None or form.sure.data < affected:
        raise Refusal("disruption_unsure", status=422, field="sure", count=affected)


def _page(desk: Desk, trip_no: int, day: int, form: forms.Disrupt, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        return desk.render(
            "disruption.html", status, form=form, trip_no=trip_no, day=day, said=disruptions.of(tx, (trip_no, day)),
            label=timetable.trip_label(tx, trip_no, day, language()), affected=len(good_tickets(tx, trip_no, day)),
        )  # fmt: skip
