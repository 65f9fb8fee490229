"""What is wrong now, first; then the day in numbers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console import issues, queries
from cloud.console.desk import Desk
from cloud.kernel.nodes import HUB
from sync.kernel.days import day_at

SHOWN_ISSUES = 50


def register(blueprint: Blueprint, desk: Desk) -> None:
    """The first page."""

    @blueprint.get("/")
    def overview() -> ResponseReturnValue:
        now_ms, zone = desk.now_ms(), desk.zone()
        with desk.database.read() as tx:
            states = queries.node_states(tx, desk.hub.contacts)
            boxes = sum(state.kind != HUB for state in states)  # the hub's own node visits nobody
            found = issues.everything(tx, states, desk.hub.tails.waiting(tx), now_ms, zone)
            today = queries.day_in_numbers(tx, day_at(now_ms, zone))
        if desk.database.no_room:
            found.insert(0, issues.Issue("hub_disk_full", issues.BAD))
        reachable = sum(
            state.status == "active" and now_ms - state.last_contact_ms < issues.LATE_MS for state in states
        )
        values: dict[str, Any] = {"issues": found[:SHOWN_ISSUES], "hidden": len(found) - SHOWN_ISSUES, "today": today}
        return desk.render("overview.html", nodes=boxes, reachable=reachable, **values)
