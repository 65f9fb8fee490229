"""What stations said of vehicles that wanted to leave, and ferries of which two counts differ."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console.desk import Desk, language
from cloud.domains.clearance import service
from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes as node_list


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page."""

    @blueprint.get("/departures")
    def departures() -> ResponseReturnValue:
        with desk.database.read() as tx:
            said = [(one, timetable.trip_label(tx, one.trip_no, one.day, language())) for one in service.said(tx)]
            counted = [(one, timetable.trip_label(tx, one.trip_no, one.day, language())) for one in service.counted(tx)]
            names = {info.node_no: info.name for info in node_list.every(tx)}
        return desk.render("departures.html", said=said, counted=counted, names=names)
