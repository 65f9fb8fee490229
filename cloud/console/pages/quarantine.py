"""Events that broke a rule."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from cloud.console import forms, queries
from cloud.console.desk import NUMBER, PAGE, Desk, language
from cloud.domains.timetable import service as timetable
from cloud.kernel import fleet
from cloud.kernel import nodes as node_list
from sync.domains import EVENTS
from sync.kernel.errors import Malformed
from sync.kernel.events import Envelope
from sync.kernel.hlc import wall_ms_of

MAX_NOTE = 500
SHOWN_BYTES = 2_048


def register(blueprint: Blueprint, desk: Desk) -> None:
    """The list, and one of them."""

    @blueprint.get("/quarantine")
    def quarantine() -> ResponseReturnValue:
        node, seen = desk.asked("node"), desk.asked("seen") == "1"
        node_no = int(node) if node.isascii() and node.isdigit() and len(node) < 10 else None
        with desk.database.read() as tx:
            wanted: dict[str, Any] = {"node_no": node_no, "open_only": not seen}
            rows = fleet.quarantined_events(tx, **wanted, limit=PAGE + 1, offset=desk.offset())
            names = {info.node_no: info.name for info in node_list.every(tx)}
        values: dict[str, Any] = {
            "rows": rows[:PAGE],
            "names": names,
            "more": len(rows) > PAGE,
            "seen": seen,
            "node_no": node_no,
        }
        return desk.render("quarantine.html", **values)

    @blueprint.route(f"/quarantine/<{NUMBER}:pos>", methods=["GET", "POST"])
    def quarantined(pos: int) -> ResponseReturnValue:
        with desk.database.read() as tx:
            held = queries.quarantined(tx, pos)
            if held is None:
                raise NotFound
            envelope = _decoded(held.event)
            label = _label_of(tx, envelope)
            node_name = next((one.name for one in node_list.every(tx) if one.node_no == held.node_no), held.node_no)
        form = forms.Note()
        if form.validate_on_submit():
            note = form.note.data.strip()[:MAX_NOTE]
            with desk.database.write() as tx:
                fleet.note_quarantine(tx, pos, note, desk.who().name, desk.now_ms())
                desk.accounts.audit(tx, desk.who().name, "quarantine_seen", node=held.node_no, seq=held.seq, note=note)
            flash(desk.t("console_saved"))
            return redirect(url_for("console.quarantine"))
        values: dict[str, Any] = {"held": held, "envelope": envelope, "fields": _fields(envelope), "label": label}
        values["node_name"] = node_name
        if envelope is not None:
            values["claimed_ms"] = wall_ms_of(envelope.stamp.hlc)
        values["hex"] = held.event[:SHOWN_BYTES].hex(" ")
        return desk.render("quarantined.html", 422 if form.errors else 200, form=form, **values)


def _decoded(event: bytes) -> Envelope | None:
    try:
        return EVENTS.decode(event)
    except Malformed:
        return None


def _label_of(tx: Connection, envelope: Envelope | None) -> tuple[timetable.TripLabel, int, int] | None:
    event: Any = envelope.event if envelope is not None else None
    if event is None or not hasattr(event, "trip_no"):
        return None
    return timetable.trip_label(tx, event.trip_no, event.day, language()), event.trip_no, event.day


def _fields(envelope: Envelope | None) -> list[tuple[str, str]]:
    """The event's fields as text; by position where this software does not know the type."""
    if envelope is None:
        return []
    if envelope.event is None:
        return [(str(index), _text(value)) for index, value in enumerate(envelope.body)]
    event: Any = envelope.event
    return [(item.name, _text(getattr(event, item.name))) for item in dataclasses.fields(event)]


def _text(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 400 else text[:400] + "…"
