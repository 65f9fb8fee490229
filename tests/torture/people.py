"""People who sell, board and rate over HTTP, and ask again with the same key until somebody answers."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.demo.client import Away, Client, Refused
from tests.demo.setup import iso
from tests.torture.world import SELLERS, World

T = TypeVar("T")
SOLD_OUT = ("no_seat", "seat_taken", "departed")


@dataclass
class Told:
    """What people were told over HTTP: ticket number → the ticket and its node, the gate's node, the rating's node."""

    sold: dict[str, dict[str, Any]] = field(default_factory=dict)
    boarded: dict[str, str] = field(default_factory=dict)
    rated: dict[str, str] = field(default_factory=dict)
    retried: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Everything that was acknowledged."""
        return len(self.sold) + len(self.boarded) + len(self.rated)


class Crowd:
    """Two clerks at each selling node, and one inspector at the coach and at the pier, who lets passengers rate."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.told = world, Told()
        self.stop = threading.Event()
        self._waiting: dict[str, deque[dict[str, Any]]] = {"coach-1": deque(), "pier": deque()}
        self._failures: list[str] = []
        self._chance = chance
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Everybody begins."""
        for name in SELLERS:
            for _ in range(2):
                self._begin(self._sell, name)
        for name in self._waiting:
            self._begin(self._inspect, name)

    def finish(self) -> None:
        """Everybody gets the answer that he waits for, and stops. Raises what went wrong with one of them."""
        self.stop.set()
        for thread in self._threads:
            thread.join(120)
        if any(thread.is_alive() for thread in self._threads):
            raise AssertionError("somebody still waits for an answer")
        if self._failures:
            raise AssertionError(self._failures[0])

    def _begin(self, work: Callable[[_Person], None], name: str) -> None:
        person = _Person(self, name, random.Random(self._chance.random()))

        def run() -> None:
            try:
                work(person)
            except Exception as error:
                self._failures.append(f"{name}: {error!r}")

        self._threads.append(threading.Thread(target=run, name=f"somebody at {name}", daemon=True))
        self._threads[-1].start()

    def _sell(self, clerk: _Person) -> None:
        rides = self._rides(clerk.name)
        while not self.stop.wait(clerk.chance.uniform(0.0, 0.25)):
            ride, key = clerk.chance.choice(rides), uuid.uuid4().hex
            try:
                sold = clerk.insist(lambda ride=ride, key=key: clerk.client.sell(*ride, key=key))  # type: ignore[misc]
            except Refused as refused:
                if refused.code not in SOLD_OUT:
                    raise
                self.told.refused[refused.code] += 1
                continue
            self.told.sold[sold["number"]] = {**sold, "node": clerk.name}
            self._waiting["pier" if clerk.name == "pier" else "coach-1"].append(sold)

    def _rides(self, name: str) -> list[tuple[int, str, int, int]]:
        plan = self.world.plan
        trips = plan.ferry_trips if name == "pier" else plan.coach_trips
        last = (plan.ferry_stops if name == "pier" else plan.coach_stops) - 1
        first = 1 if name == "village" else 0
        return [(trip, iso(plan.day), first, last) for trip in trips]

    def _inspect(self, inspector: _Person) -> None:
        waiting = self._waiting[inspector.name]
        while not self.stop.wait(inspector.chance.uniform(0.0, 0.1)):
            if not waiting:
                continue
            ticket = waiting.popleft()
            if self._board(inspector, ticket) and inspector.chance.random() < 0.5:
                self._rate(inspector, ticket)

    def _board(self, inspector: _Person, ticket: dict[str, Any]) -> bool:
        verdict = inspector.insist(lambda: inspector.client.check(ticket["text"], ticket["trip_no"], ticket["day"]))
        if verdict["colour"] == "red" and not (inspector.asked_again and verdict["reason"] == "already_used"):
            self.told.refused[verdict["reason"]] += 1
            return False
        self.told.boarded[ticket["number"]] = inspector.name
        return True

    def _rate(self, inspector: _Person, ticket: dict[str, Any]) -> None:
        level = inspector.chance.randint(1, 5)
        try:
            inspector.insist(lambda: inspector.client.rate(ticket["text"], level, ["clean"], "稳"))
        except Refused as refused:
            if refused.code != "rating_done" or not inspector.asked_again:  # else the answer that was lost had said yes
                raise
        self.told.rated[ticket["number"]] = inspector.name


class _Person:
    """Somebody at a node."""

    def __init__(self, crowd: Crowd, name: str, chance: random.Random) -> None:
        self.name, self.chance, self.asked_again = name, chance, False
        self.client = Client(crowd.world.plan.ports[name])
        self._crowd = crowd
        self._clerk = crowd.world.plan.clerks[name]

    def insist(self, call: Callable[[], T]) -> T:
        """Ask until there is an answer, signing in again where the node forgot who this is. Raises :class:`Refused`."""
        self.asked_again = False
        while True:
            try:
                return call()
            except Away:
                self.asked_again = True
                self._crowd.told.retried += 1
            except Refused as refused:
                if refused.status == 401:
                    self._sign_in()
                elif refused.status < 500:
                    raise
            threading.Event().wait(self.chance.uniform(0.02, 0.2))

    def _sign_in(self) -> None:
        try:
            self.client.sign_in(self._clerk[0], self._clerk[1])
        except Away:
            pass
        except Refused as refused:
            if refused.status < 500:
                raise
