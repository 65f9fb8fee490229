"""A ticket on a phone and pictures of it; a scanner that is cut off, and what comes of the copy that it let in."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from cloud.bootstrap import build
from cloud.domains.boarding import tables as boarding
from cloud.domains.sellers.books import accounts
from cloud.domains.sellers.service import Once, Wish
from cloud.kernel.settings import load
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.demo import layout
from tests.demo.codes import Scanner
from tests.support.phones import Phone

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cloud.bootstrap import Hub
    from cloud.domains.sellers.books.bookings import Item
    from tests.demo.setup import Demo
    from tests.demo.story import Story

OLD_S: Final = 60
_PATIENCE_S: Final = 60.0


class Gates:
    """The topic of boarding itself."""

    def __init__(self, story: Story) -> None:
        self._story, self._demo = story, story.demo
        self._phone, self._bought = Phone(), ("", 0)
        self._copied: dict[str, Any] = {}
        self._screenshots = 0

    def prepare(self) -> None:
        """Somebody buys at the hub's shop and binds the ticket to a phone, before it is paid; somebody at the village will
        have a copy made of theirs."""
        if not self._story.sell_one("village", self._story.rides("village")):
            raise AssertionError("the village has no seat to sell")
        self._copied = list(self._story.told.sold.values())[-1]
        self._copied["node"] = "copied"
        hub = build(load(self._demo.hub_data, {}))
        try:
            for trip_no in self._demo.plan.coach_trips[:8]:
                with hub.database.write() as tx:
                    bought = self._buy(hub, tx, trip_no)
                if bought is not None:
                    self._keep(*bought)
                    return
        finally:
            hub.close()
        raise AssertionError("the shop found no seat on the coach")

    def _buy(self, hub: Hub, tx: Connection, trip_no: int) -> tuple[Item, str] | None:
        """The place that was bought and its ticket; None where the trip has none left online."""
        seller = accounts.named(tx, layout.SHOP)
        if seller is None:
            raise AssertionError("the demo has no web shop")
        ride = hub.rides.ride(tx, trip_no, self._demo.plan.day, 0, self._demo.plan.coach_stops - 1)
        wish = Wish(*ride.where, ride.from_idx, ride.to_idx, ride.price_minor, ride.currency)
        try:
            made = hub.selling.book(tx, seller, [wish], "", Once(f"demo-book-{trip_no}", b""))
        except Refusal as refusal:
            if refusal.code in ("no_seat", "departed"):
                return None
            raise
        hub.holding.bind_place(tx, made.booking_id, 0, self._phone.holder)
        hub.selling.ticket(tx, seller, made.booking_id, Once(f"demo-pay-{trip_no}", b""))
        found = hub.holding.bind_place(tx, made.booking_id, 0, self._phone.holder)
        return found.item, found.text

    def _keep(self, item: Item, text: str) -> None:
        number = TicketId.from_bytes(item.ticket_id or b"").number
        self._bought = (text, item.trip_no)
        money = {"price_minor": item.price_minor, "currency": item.currency}
        ride = {"trip_no": item.trip_no, "day": self._story.day}
        self._story.told.sold[number] = {"number": number, "text": text, "node": "hub", **ride, **money}

    def run(self) -> None:
        """Pictures are refused and the phone boards; then a scanner is cut off."""
        self._demo.say("boarding with a phone, and with pictures of it")
        self._refuse_pictures()
        self._demo.say("cutting a scanner off from its box, and showing a copy of what it let in")
        self._cut_off()

    def _refuse_pictures(self) -> None:
        text, trip_no = self._bought
        box, day = self._story.clients["coach-1"], self._story.day
        box.call("PUT", "/api/v1/boarding/current", {"trip_no": trip_no, "day": day})
        old = self._phone.show(text, int(time.time()) - OLD_S)
        for said in (box.check(old, trip_no, day)["reason"], self._scan(old)["code"]):
            if said != "code_stale":
                raise AssertionError(f"a picture of a phone got the answer {said}")
            self._screenshots += 1
        verdict = box.check(self._phone.show(text, int(time.time())), trip_no, day)
        if verdict["colour"] != "green":
            raise AssertionError(f"the phone itself was refused: {verdict}")

    def _cut_off(self) -> None:
        """The scanner lets the ticket in alone, the box lets its copy in: both find out later."""
        sold, day, box = self._copied, self._story.day, self._story.clients["coach-1"]
        box.call("PUT", "/api/v1/boarding/current", {"trip_no": sold["trip_no"], "day": day})
        self._until(lambda: self._scanners_trip() == sold["trip_no"], "the scanner to be told its trip")
        self._demo.processes["broker"].stop()
        said = self._scan(sold["text"])
        if (said["verdict"], said["code"]) != ("WARNING", "apart"):
            raise AssertionError(f"a scanner that is cut off says {said}")
        if self._scan(sold["text"])["code"] != "already_used":
            raise AssertionError("a scanner that is cut off let a ticket in twice")
        verdict = box.check(sold["text"], sold["trip_no"], day)
        if verdict["colour"] == "red":
            raise AssertionError(f"the box knew what nobody had told it: {verdict}")
        self._story.told.boarded.add(sold["number"])
        self._demo.processes["broker"].start()
        self._demo.processes["broker"].wait_ready()
        self._until(lambda: self._waiting() == 0, "the scanner to tell the box whom it let in")

    def _scan(self, code: str) -> dict[str, Any]:
        with Scanner(self._demo.plan.ports["feed"]) as scan:
            return scan(code)

    def _scanners_trip(self) -> int:
        with self._scanners_books() as books:
            row = books.execute("SELECT payload FROM book").fetchone()
        return int(json.loads(row[0])["trip_no"]) if row else 0

    def _waiting(self) -> int:
        with self._scanners_books() as books:
            return int(books.execute("SELECT count(*) FROM outbox").fetchone()[0])

    def _scanners_books(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._demo.folder / 'scanner' / 'bridge.sqlite'}?mode=ro", uri=True)

    def _until(self, done: Any, what: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"waited {_PATIENCE_S} s for {what}")
            time.sleep(0.1)

    def facts(self, demo: Demo) -> dict[str, int]:
        """``boarded``: who was let in while the hub was away; ``conflicts_recorded``: boarded twice, as the hub knows."""
        with demo.hub_database.read() as tx:
            twice = tx.execute(sa.select(sa.func.count()).select_from(boarding.boarded_twice)).scalar_one()
        return {
            "boarded": len(self._story.told.boarded) + 1,
            "screenshots_refused": self._screenshots,
            "conflicts_recorded": twice,
        }
