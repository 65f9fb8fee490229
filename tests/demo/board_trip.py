"""On board with the hub away: who did not come, whose seat is sold on, who walks up; and the station that lets nobody out
who may not leave."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from cloud.bootstrap import build
from cloud.domains.boarding.tables import ticket_mark
from cloud.domains.clearance.tables import departure_said
from cloud.domains.inventory.books.sole import make_sole
from cloud.domains.ticketing.tables import ticket
from cloud.kernel.nodes import find
from cloud.kernel.settings import load
from sync.domains.boarding.events import ABSENCE
from sync.domains.ticketing.events import ON_BOARD
from tests.demo.client import Refused
from tests.demo.world import DemoFailed

if TYPE_CHECKING:
    from tests.demo.setup import Demo
    from tests.demo.story import Story

WALK_UPS: Final = 3
WAIT_S: Final = 60.0


class TripAboard:
    """The topic of the trip itself: the last of the line's trips, on which hardly anybody else sells."""

    def __init__(self, story: Story) -> None:
        self._story, self._demo = story, story.demo
        self._trip_no = self._demo.plan.coach_trips[7]
        self._last = self._demo.plan.coach_stops - 1
        self._absent: dict[str, Any] = {}

    def prepare(self) -> None:
        """The village sells a ticket for the trip; the box asks for what is left of it, and is made its sole seller, as it is
        half an hour before departure."""
        village, box = self._story.clients["village"], self._story.clients["coach-1"]
        self._absent = village.sell(self._trip_no, self._story.day, 1, self._last)
        self._story.told.sold[self._absent["number"]] = {**self._absent, "node": "absent"}
        ride = {"day": self._story.day, "from_idx": 1, "to_idx": self._last, "count": 5}
        box.call("POST", f"/api/v1/trips/{self._trip_no}/seats", ride)
        hub = build(load(self._demo.hub_data, {}))
        with hub.database.write() as tx:
            make_sole(tx, (self._trip_no, self._demo.plan.day), find(tx, "coach-1").node_no)
        hub.close()

    def wait(self) -> None:
        """Until the box holds seats of the trip and knows whom to expect."""
        end = time.monotonic() + WAIT_S
        while not (self._lines().get(self._absent["number"]) and self._ways()[-1]["places"] > WALK_UPS):
            if time.monotonic() > end:
                raise DemoFailed("the box on board never heard of its trip")
            time.sleep(0.5)

    def run(self) -> None:
        """Nobody comes for the village's seat: it is sold on; others walk up."""
        box, where = self._story.clients["coach-1"], {"day": self._story.day}
        path = f"/api/v1/trips/{self._trip_no}"
        box.call("PUT", f"{path}/left", {**where, "left_idx": 1})
        box.call("POST", f"{path}/marks", {**where, "number": self._absent["number"], "mark": "no_show"})
        seats = [self._absent["seat"], *[None] * (WALK_UPS - 1)]
        for seat in seats:
            self._walk_up(seat)
        verdict = box.check(self._absent["text"], self._trip_no, self._story.day)
        if verdict["reason"] != "seat_sold_on":
            raise DemoFailed(f"whose seat was sold on is told {verdict}")
        self._clear()

    def _walk_up(self, seat: int | None) -> None:
        ride = {"trip_no": self._trip_no, "day": self._story.day, "from_idx": 1, "to_idx": self._last}
        body = {**ride, "key": uuid.uuid4().hex} | ({} if seat is None else {"seat": seat})
        sold = self._story.clients["coach-1"].call("POST", "/api/v1/walk-ups", body)
        self._story.told.sold[sold["number"]] = {**sold, "node": "coach-1"}
        self._story.told.boarded.add(sold["number"])

    def _clear(self) -> None:
        """Too few drivers first, then two of them."""
        clerk = self._story.clients["station"]
        papers = {"licence_until_day": "2099-12-31", "qualification_until_day": "2099-12-31"}
        form: dict[str, Any] = {
            "trip_no": self._trip_no, "day": self._story.day, "plate": "粤HTRIP1", "aboard": 30, "checked": True,
            "belts": True, "motorway_km": 620, "capacity": 45, "inspection_until_day": "2099-12-31",
            "permit_until_day": "2099-12-31", "pin": self._demo.plan.clerks["station"][1],
        }  # fmt: skip
        refused = clerk.call("POST", "/api/v1/departures/clearances", {**form, "drivers": [papers]})
        cleared = clerk.call("POST", "/api/v1/departures/clearances", {**form, "drivers": [papers, papers]})
        if [one["code"] for one in refused["lacks"]] != ["drivers_short"] or not cleared["cleared"]:
            raise DemoFailed(f"a departure was judged {refused}, then {cleared}")

    def _lines(self) -> dict[str, Any]:
        found = self._story.clients["coach-1"].call(
            "GET", f"/api/v1/trips/{self._trip_no}/manifest?day={self._story.day}"
        )
        return {line["number"]: line for line in found["lines"]}

    def _ways(self) -> list[dict[str, Any]]:
        path = f"/api/v1/walk-ups?trip_no={self._trip_no}&day={self._story.day}&from_idx=1"
        try:
            found: list[dict[str, Any]] = self._story.clients["coach-1"].call("GET", path)
        except Refused:
            found = []
        return found or [{"places": 0}]


def absent(demo: Demo) -> set[bytes]:
    """Tickets whose passengers did not come, as the hub knows: their seats were to be sold on."""
    with demo.hub_database.read() as tx:
        rows = tx.execute(sa.select(ticket_mark.c.ticket_id).where(ticket_mark.c.kind == ABSENCE)).scalars()
        return {bytes(found) for found in rows}


def facts(demo: Demo) -> dict[str, int]:
    """``walk_up_sold``, ``no_show`` and ``clearance_refused``, as the hub holds them."""
    with demo.hub_database.read() as tx:
        sold = tx.execute(
            sa.select(sa.func.count()).select_from(ticket).where(ticket.c.channel == ON_BOARD)
        ).scalar_one()
        refused = departure_said.c.state == "refused"
        kept = tx.execute(sa.select(sa.func.count()).select_from(departure_said).where(refused)).scalar_one()
    return {"walk_up_sold": sold, "no_show": len(absent(demo)), "clearance_refused": kept}
