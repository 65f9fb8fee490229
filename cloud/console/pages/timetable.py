"""Feeds that were imported, and the stops that they brought."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console.desk import PAGE, Desk, language
from cloud.domains.timetable import service


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Imports and stops."""

    @blueprint.get("/imports")
    def imports() -> ResponseReturnValue:
        with desk.database.read() as tx:
            rows = service.list_imports(tx, PAGE + 1, desk.offset())
        return desk.render("imports.html", imports=rows[:PAGE], more=len(rows) > PAGE)

    @blueprint.get("/imports/<int(max=2147483647):number>")
    def feed_import(number: int) -> ResponseReturnValue:
        with desk.database.read() as tx:
            imported_ms, source, report = service.get_import(tx, number)
        shown, more = desk.cut(report.ambiguous)
        values: dict[str, Any] = {
            "report": report,
            "imported_ms": imported_ms,
            "source": source,
            "pairs": shown,
            "more": more,
        }
        return desk.render("import.html", **values)

    @blueprint.get("/stops")
    def stops() -> ResponseReturnValue:
        text = desk.asked("q")
        with desk.database.read() as tx:
            found = service.search_stops(tx, text, language(), PAGE + 1, desk.offset())
        return desk.render("stops.html", stops=found[:PAGE], more=len(found) > PAGE, text=text)
