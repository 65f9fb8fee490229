"""A driver runs a trip with the hub away: start, stops, a mistaken tap, a delay, the end; and what the hub makes of it."""

from __future__ import annotations

from typing import Any, Final

from cloud.domains.disruption import service as disruptions
from cloud.domains.duties import service as duties
from sync.domains.disruption.rules import DELAYED
from sync.domains.duties.rules import ENDED, PLANNED
from tests.demo.client import Client, Refused
from tests.demo.setup import Demo, iso
from tests.demo.world import DemoFailed

DELAY_MINUTES: Final = 15


class Drive:
    """The last trip of the story's day, in which nobody of the story rides."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._where = (0, 0)
        self.stops = self.taken_back = 0
        self.against_rest = False

    def run(self, client: Client) -> None:
        """All of it on the box, which asks nobody."""
        self._demo.say("a driver runs a trip")
        day = iso(self._demo.plan.day)
        planned = [one for one in client.call("GET", "/api/v1/duties") if one["phase"] == PLANNED]
        found = [one["trip"] for one in planned if one["trip"]["day"] == day]
        if not found:
            raise DemoFailed("the coach has no duty on the day of the story")
        trip, last = found[-1], len(found[-1]["calls"]) - 1
        self._where = (trip["trip_no"], self._demo.plan.day)
        key = {"trip_no": trip["trip_no"], "day": day}
        self._start(client, key)
        self._say(client, key, "leave", idx=0)
        self._say(client, key, "reach", idx=last)
        if self._say(client, key, "take_back")["idx"] != 0:
            raise DemoFailed("a mistaken tap was not taken back")
        self.taken_back += 1
        late = self._say(client, key, "delay", minutes=DELAY_MINUTES, reason="traffic")
        if late["delay_minutes"] != DELAY_MINUTES:
            raise DemoFailed("the box does not say how late its trip is")
        for idx in range(1, last + 1):
            self._say(client, key, "reach", idx=idx)
            self.stops += 1
            if idx < last:
                self._say(client, key, "leave", idx=idx)
        if self._say(client, key, "end")["phase"] != ENDED:
            raise DemoFailed("the trip did not end")

    def facts(self) -> dict[str, Any]:
        """What of it the hub has: its part of ``on_board``."""
        with self._demo.hub_database.read() as tx:
            run = duties.run_of(tx, self._demo.plan.nodes["coach-1"], self._where)
            told = disruptions.of(tx, self._where)
        passed_on = told is not None and (told.kind, told.minutes) == (DELAYED, DELAY_MINUTES)
        return {
            "trips_driven": int(run.phase == ENDED),
            "stops_called": self.stops,
            "words_taken_back": self.taken_back,
            "delays_told": int(passed_on),
        }

    def _start(self, client: Client, key: dict[str, Any]) -> None:
        """A trip of the small hours asks for a relief, or for a tick."""
        try:
            self._say(client, key, "start")
        except Refused as refused:
            if refused.code != "rest_needed":
                raise
            self.against_rest = True
            self._say(client, key, "start", anyway=True)

    def _say(self, client: Client, key: dict[str, Any], word: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.call("POST", "/api/v1/duties/words", {**key, "word": word, **more})
        return answer
