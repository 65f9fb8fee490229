"""What the clerk of the station does besides selling: refunds, exchanges, families, and the drawer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.demo.client import Refused

if TYPE_CHECKING:
    from tests.demo.story import Story

REFUNDS = 4
FLOAT_MINOR = 20_000
ADULT = {"rider": "adult"}
CHILD = {"rider": "child_with_seat", "proof": "height"}
LAP_CHILD = {"rider": "child_free", "proof": "birth_date"}


class OfficeDay:
    """One shift at the station."""

    def __init__(self, story: Story) -> None:
        self._story, self._shift_no = story, 0

    def open_shift(self) -> None:
        """Nobody sells before."""
        self._refuse_sale_without_shift()
        self._shift_no = self._story.clients["station"].open_shift("CNY", FLOAT_MINOR)

    def refund_some(self) -> None:
        """Passengers of the station change their minds, or the station erred; one seat is sold to somebody else."""
        clerk = self._story.clients["station"]
        mine = [sold for sold in self._story.told.sold.values() if sold["node"] == "station"]
        for sold, reason in zip(mine[-REFUNDS:], ("passenger", "station_error") * REFUNDS, strict=False):
            done = clerk.refund(sold["number"], reason)["refunded"]
            self._story.told.refunded[sold["number"]] = done["refunded_minor"]
        old = self._story.told.sold[next(iter(self._story.told.refunded))]
        ride = (old["trip_no"], old["day"], old["from_idx"], old["to_idx"])
        new = clerk.sell(*ride, seat=old["seat"] or None)
        self._story.keep("station", new)
        self._story.told.resold[new["number"]] = old["number"]

    def exchange_some(self) -> None:
        """A passenger of the station takes another coach, and one hands a torn paper in."""
        clerk = self._story.clients["station"]
        mine = [one for one in self._story.told.sold.values() if one["node"] == "station"]
        rebooked, torn = [one for one in mine if one["number"] not in self._story.told.refunded][:2]
        self._replace(torn, clerk.reissue(torn["number"]))
        for ride in self._story.rides("station"):
            if ride[0] != rebooked["trip_no"] and self._story.places("station", ride):
                self._replace(rebooked, clerk.rebook(rebooked["number"], ride))
                return

    def _replace(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self._story.keep("station", new)
        self._story.told.refunded[old["number"]] = old["price_minor"]

    def sell_parties(self) -> None:
        """Two grown-ups with a child on a seat and one on the lap; and somebody who changes from one coach to a later one."""
        rides, last = self._story.rides("station"), self._story.plan.coach_stops - 1
        self._book([[ride] for ride in rides], [ADULT, ADULT, CHILD, LAP_CHILD])
        trips = [ride[0] for ride in rides]
        changes = [
            [(one, self._story.day, 0, 1), (other, self._story.day, 1, last)]
            for one in trips
            for other in trips
            if one != other
        ]
        self._book(changes, [ADULT])

    def _book(self, choices: list[list[tuple[int, str, int, int]]], riders: list[dict[str, str]]) -> None:
        for legs in choices:
            try:
                for sold in self._story.clients["station"].book(legs, riders):
                    self._story.keep("station", sold)
                return
            except Refused as refused:
                if refused.code not in ("no_seat", "leg_not_here", "legs_apart", "free_children_full", "departed"):
                    raise
        raise AssertionError("the station found no seats for a booking")

    def close_shift(self) -> None:
        """What the clerk counts is what passengers paid and got back, as they were told; afterwards nothing is sold."""
        cash = Counter({"CNY": FLOAT_MINOR})
        for sold in self._story.told.sold.values():
            if sold["node"] == "station":
                cash[sold["currency"]] += sold["price_minor"] - self._story.told.refunded.get(sold["number"], 0)
        slip = self._story.clients["station"].close_shift(self._shift_no, dict(cash))
        self._story.told.shifts[slip["shift_no"]] = sum(abs(line["difference_minor"]) for line in slip["lines"])
        self._refuse_sale_without_shift()

    def _refuse_sale_without_shift(self) -> None:
        ride = next(ride for ride in self._story.rides("station") if self._story.has_places("station", ride))
        try:
            self._story.keep("station", self._story.clients["station"].sell(*ride))
        except Refused as refused:
            if refused.code == "shift_needed":
                self._story.told.refused["no_shift"] += 1
                return
            raise
        raise AssertionError("the station sold without a shift")
