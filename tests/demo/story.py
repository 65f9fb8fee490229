"""The story of `demo --check`: a day at four places with the hub away, forged tickets and a pulled plug included."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.demo import board_ratings, board_wifi
from tests.demo.board_cards import Cards
from tests.demo.board_drive import Drive
from tests.demo.board_gate import Gates
from tests.demo.board_trip import TripAboard
from tests.demo.client import Away, Client, Refused
from tests.demo.codes import Scanner, forgeries
from tests.demo.office_day import OfficeDay
from tests.demo.phone import Phone
from tests.demo.setup import Demo, iso, tomorrow
from tests.support.documents import resident_id

OFFLINE_S = 15
WANTED = {"sold": 100, "boarded": 60, "rated": 20}
SELLERS = ("station", "village", "pier")
# In every number and every name that is typed here, and in nothing that may be shown of them.
NUMBER_PART, GIVEN_NAME = "010519", "龘靐齉"


@dataclass
class Told:
    """What people were told: the acknowledged facts that nothing may take back.

    ``refunded``: number → minor units handed back; ``resold``: number of the new ticket → that of the old one;
    ``shifts``: number of a closed shift → minor units by which the count differed from what had to be there.
    """

    sold: dict[str, dict[str, Any]] = field(default_factory=dict)
    boarded: set[str] = field(default_factory=set)
    rated: set[str] = field(default_factory=set)
    refunded: dict[str, int] = field(default_factory=dict)
    resold: dict[str, str] = field(default_factory=dict)
    shifts: dict[int, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    hub_offline_s: float = 0.0
    rated_without_ticket: int = 0
    on_wifi: int = 0


class Story:
    """Runs the story on a started demo."""

    def __init__(self, demo: Demo) -> None:
        self.demo, self.plan, self.told = demo, demo.plan, Told()
        self.day, self.other_day = iso(demo.plan.day), tomorrow(iso(demo.plan.day))
        self.clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        self._travellers = 0
        self.office, self.gates = OfficeDay(self), Gates(self)
        self.phone: Phone
        self.cards = Cards(demo)
        self.aboard, self.drive = TripAboard(self), Drive(demo)

    def run(self) -> None:
        """All of it; raises when something is refused that should not be."""
        self._sign_in()
        self.demo.say("waiting until every node holds seats")
        self._wait_for_seats()
        self.demo.say("opening a shift at the station, selling at three nodes")
        self.office.open_shift()
        self._sell_everywhere(6)
        self.gates.prepare()
        self.aboard.prepare()
        self.demo.say("making trust cards")
        self.cards.make()
        self.cards.wait(self.clients["coach-1"])
        self.aboard.wait()
        self.demo.say("stopping the hub; selling, boarding and rating go on")
        self.demo.processes["hub"].stop()
        begun = time.monotonic()
        self._offline()
        while time.monotonic() - begun < OFFLINE_S:
            self.sell_one("pier", self.rides("pier"))
            time.sleep(0.2)
        self.told.hub_offline_s = round(time.monotonic() - begun, 1)
        self.demo.say("starting the hub again")
        self.demo.processes["hub"].start()
        self.demo.processes["hub"].wait_ready()

    def _offline(self) -> None:
        self.demo.say("paying by phone at the village, at a gateway that misbehaves")
        self.phone = Phone(self.demo, self.clients["village"], self.rides("village"), partial(self.keep, "village"))
        self.phone.run()
        self._sell_everywhere(16)
        self.demo.say("kill -9 of the village node in the middle of selling")
        self._sell_through_a_power_cut("village")
        self._sell_everywhere(16)
        self.demo.say("giving tickets back at the station, and selling a seat again")
        self.office.refund_some()
        self.demo.say("exchanging a ticket for another coach, and a torn paper for a new one")
        self.office.exchange_some()
        self.demo.say("selling to a family, and a journey with a change by one booking")
        self.office.sell_parties()
        self.demo.say("counting the drawer and closing the shift")
        self.office.close_shift()
        self.demo.say("boarding the coach, by its scanner and at its gate page")
        self._board_all()
        self._bad_tickets()
        self.gates.run()
        self.demo.say("marking who did not come, selling on board, clearing a departure")
        self.aboard.run()
        self.demo.say("looking at trust cards")
        self.cards.check(self.clients["coach-1"])
        self.drive.run(self.clients["coach-1"])
        self.demo.say("rating")
        self._rate_some()
        self.demo.say("phones join the WiFi of the coach")
        self._join_wifi()

    def _sign_in(self) -> None:
        for name, (clerk_no, pin, _) in self.plan.clerks.items():
            self.clients[name] = Client(self.plan.ports[name])
            self.clients[name].sign_in(clerk_no, pin)

    def rides(self, name: str) -> list[tuple[int, str, int, int]]:
        """The rides that a node of the story sells: (trip_no, day, from_idx, to_idx)."""
        last = self.plan.coach_stops - 1
        if name == "pier":
            return [(trip, self.day, 0, self.plan.ferry_stops - 1) for trip in self.plan.ferry_trips[:8]]
        first = 0 if name == "station" else 1
        return [(trip, self.day, first, last) for trip in self.plan.coach_trips[:8]]

    def _wait_for_seats(self) -> None:
        for name in SELLERS:
            for ride in self.rides(name)[:4]:
                _until(partial(self.has_places, name, ride), f"seats for {name}")

    def has_places(self, name: str, ride: tuple[int, str, int, int]) -> bool:
        """Whether the node may sell the ride."""
        return self.places(name, ride) > 0

    def places(self, name: str, ride: tuple[int, str, int, int]) -> int:
        """How often."""
        trip_no, day, from_idx, to_idx = ride
        path = f"/api/v1/trips/{trip_no}/seats?day={day}&from_idx={from_idx}&to_idx={to_idx}"
        try:
            return int(self.clients[name].call("GET", path)["places"])
        except Refused:
            return 0

    def _sell_everywhere(self, count: int) -> None:
        """``count`` tickets at each selling node, all nodes at the same time."""
        threads = [threading.Thread(target=self._sell_many, args=(name, count)) for name in SELLERS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _sell_many(self, name: str, count: int) -> None:
        for _ in range(count):
            self.sell_one(name, self.rides(name))

    def sell_one(self, name: str, rides: list[tuple[int, str, int, int]]) -> bool:
        """One ticket at a node, of the first ride that has a seat."""
        for ride in rides:
            try:
                self.keep(name, self.clients[name].sell(*ride, document=self._document(name)))
                return True
            except Refused as refused:
                if refused.code not in ("no_seat", "departed"):
                    raise
        return False

    def _document(self, name: str) -> dict[str, str] | None:
        """What the next passenger shows: on the ferry somebody is named each time, elsewhere nobody."""
        if name != "pier":
            return None
        with self._lock:
            self._travellers += 1
            return {"document_type": "resident_id", "number": resident_id(self._travellers), "name": f"陈{GIVEN_NAME}"}

    def keep(self, name: str, sold: dict[str, Any]) -> None:
        """A sale that was acknowledged."""
        with self._lock:
            self.told.sold[sold["number"]] = {**sold, "node": name}

    def _sell_through_a_power_cut(self, name: str) -> None:
        """Sell with one key a sale, kill -9 in the middle, and ask again with the same key until there is an answer."""
        stop, client, before = threading.Event(), self.clients[name], len(self.told.sold)

        def sell() -> None:
            while not stop.is_set():
                ride = next((ride for ride in self.rides(name) if self._quiet_places(name, ride)), None)
                if ride is None:
                    return
                self._insist(name, client, ride)

        seller = threading.Thread(target=sell)
        seller.start()
        _until(lambda: len(self.told.sold) >= before + 4, "the first sales before the power cut")
        self.demo.processes[name].kill()
        self.demo.processes[name].start()
        self.demo.processes[name].wait_ready()
        _until(lambda: self._signed_in_again(name), f"{name} to sign in again")
        _until(lambda: len(self.told.sold) >= before + 8, "sales after the power cut")
        stop.set()
        seller.join()

    def _quiet_places(self, name: str, ride: tuple[int, str, int, int]) -> int:
        try:
            return self.places(name, ride)
        except Away:
            return 1

    def _insist(self, name: str, client: Client, ride: tuple[int, str, int, int]) -> None:
        key, end = uuid.uuid4().hex, time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.keep(name, client.sell(*ride, key=key))
                return
            except Away:
                self.told.retried += 1
            except Refused as refused:
                if refused.status != 401:
                    return
            time.sleep(0.05)

    def _signed_in_again(self, name: str) -> bool:
        clerk_no, pin, _ = self.plan.clerks[name]
        try:
            self.clients[name].sign_in(clerk_no, pin)
        except (Away, Refused):
            return False
        return True

    def _board_all(self) -> None:
        """Every coach ticket not given back boards: trip by trip, one half by the scanner, the other at the gate page."""
        by_trip: dict[int, list[dict[str, Any]]] = {}
        for sold in self.told.sold.values():
            if sold["node"] in ("station", "village") and sold["number"] not in self.told.refunded:
                by_trip.setdefault(sold["trip_no"], []).append(sold)
        box = self.clients["coach-1"]
        for trip_no in self.plan.coach_trips[:8]:
            tickets = by_trip.get(trip_no, [])
            if not tickets:
                continue
            box.call("PUT", "/api/v1/boarding/current", {"trip_no": trip_no, "day": self.day})
            half = len(tickets) // 2
            for sold in tickets[:half]:
                verdict = box.check(sold["text"], trip_no, self.day)
                self._note(sold, verdict["colour"] != "red", verdict)
            with self._scanner() as scan:
                for sold in tickets[half:]:
                    said = scan(sold["text"])
                    self._note(sold, said.get("verdict") in ("VALID", "WARNING"), said)

    def _note(self, sold: dict[str, Any], boarded: bool, said: dict[str, Any]) -> None:
        if not boarded:
            raise AssertionError(f"ticket {sold['number']} of {sold['node']} was refused: {said}")
        self.told.boarded.add(sold["number"])

    def _bad_tickets(self) -> None:
        box = self.clients["coach-1"]
        boarded = [self.told.sold[number] for number in sorted(self.told.boarded)]
        here = boarded[0]
        self._refuse(box.check(here["text"], here["trip_no"], self.day), "already_used")
        ferry = next(sold for sold in self.told.sold.values() if sold["node"] == "pier")
        self._refuse(box.check(ferry["text"], here["trip_no"], self.day), "wrong_trip")
        self._refuse(box.check(here["text"], here["trip_no"], self.other_day), "wrong_date")
        for old in self.told.resold.values():
            given_back = self.told.sold[old]
            self._refuse(box.check(given_back["text"], given_back["trip_no"], self.day), "superseded")
        for text in forgeries(here["text"]):
            self._refuse(box.check(text, here["trip_no"], self.day), "forged")
        box.call("PUT", "/api/v1/boarding/current", {"trip_no": here["trip_no"], "day": self.day})
        with self._scanner() as scan:
            said = scan(here["text"])
            if said.get("verdict") != "INVALID":
                raise AssertionError(f"the scanner let a used ticket in: {said}")
            self.told.refused["already_used"] += 1

    def _refuse(self, verdict: dict[str, Any], reason: str) -> None:
        if verdict["colour"] != "red" or (verdict["reason"] != reason and reason != "forged"):
            raise AssertionError(f"expected {reason}, the gate says {verdict}")
        self.told.refused[reason] += 1

    def _rate_some(self) -> None:
        """One passenger in two has something to say."""
        words = [
            (5, ["clean", "friendly"], "师傅开得很稳，谢谢"),
            (4, ["on_time"], "On time."),
            (2, ["late"], "晚了二十分鐘"),
        ]
        chosen = sorted(self.told.boarded)[::2]
        unhappy = self.told.sold[chosen[2]]
        for count, number in enumerate(chosen):
            level, tags, comment = words[count % len(words)]
            self.clients["coach-1"].rate(self.told.sold[number]["text"], level, tags, comment)
            self.told.rated.add(number)
        again = self.told.sold[chosen[0]]["text"]
        try:
            self.clients["coach-1"].rate(again, 1, [], "")
        except Refused as refused:
            if refused.code == "rating_done":
                self.told.rated_without_ticket = board_ratings.rate(self.demo, unhappy)
                return
        raise AssertionError("a ticket could rate twice")

    def _join_wifi(self) -> None:
        silent = sorted(self.told.boarded - self.told.rated)
        joined = board_wifi.join(self.demo, [self.told.sold[number] for number in silent])
        self.told.rated.update(joined)
        self.told.on_wifi = len(joined)

    def _scanner(self) -> Scanner:
        return Scanner(self.plan.ports["feed"])


def _until(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)
