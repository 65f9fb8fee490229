"""What a trip's events make of it: the same on its box and at the hub.

A trip is a stack of words. Each fits what stands (:func:`following`) or is refused; the last one can be taken back, and
then what stood before stands again. So a mistaken tap costs one tap, and the log keeps both.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from sync.domains.disruption.rules import MAX_DELAY_MINUTES
from sync.domains.duties.events import (
    DELAY_REASONS,
    DutyTaken,
    StopLeft,
    StopReached,
    TripCutShort,
    TripDelayed,
    TripEnded,
    TripHandedOver,
    TripStarted,
    TripTakenOver,
    TripWordTaken,
)
from sync.domains.duties.operations import open_handover
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.events import Event

PLANNED: Final = "planned"
RUNNING: Final = "running"
ENDED: Final = "ended"
HANDED_OVER: Final = "handed_over"
PHASES: Final = (PLANNED, RUNNING, ENDED, HANDED_OVER)
WORDS: Final = (
    DutyTaken, TripStarted, StopReached, StopLeft, TripDelayed, TripCutShort, TripEnded, TripWordTaken,
    TripHandedOver, TripTakenOver,
)  # fmt: skip
MAX_NOTE: Final = 120
MAX_VEHICLE: Final = 20
MAX_STOPS: Final = 1_025


@dataclass(frozen=True, slots=True)
class Wheel:
    """From when on (ms) which driver had the wheel; 0: nobody, since the trip was over."""

    from_ms: int
    driver_no: int


@dataclass(frozen=True, slots=True)
class Run:
    """Where a trip stands. ``idx``: the last stop that was reached or left, ``standing``: whether the vehicle is still there.

    ``told_ms``: when its driver last said how late it is, 0 for never. ``ends_idx``: the stop before the last one at which it
    ends, None for the last. ``halts``: (stop, reached ms, left ms or
    None) in order. ``wheels``: who drove from when on.
    """

    phase: str = PLANNED
    idx: int = 0
    standing: bool = True
    started_ms: int | None = None
    ended_ms: int | None = None
    delay_minutes: int = 0
    reason: str = ""
    note: str = ""
    told_ms: int = 0
    ends_idx: int | None = None
    driver_no: int = 0
    vehicle: str = ""
    against: tuple[str, ...] = ()
    halts: tuple[tuple[int, int, int | None], ...] = ()
    wheels: tuple[Wheel, ...] = ()

    @property
    def next_idx(self) -> int:
        """The stop that comes: the one where the vehicle stands before its start, else the one behind."""
        return 0 if self.phase == PLANNED else self.idx if self.phase == ENDED else self.idx + 1


def following(run: Run, at_ms: int, event: Event) -> Run:
    """``run`` after one more word, said at ``at_ms``.

    Raises :class:`Refusal`: ``trip_started``, ``trip_not_started``, ``trip_over``, ``stop_behind``, ``trip_same_driver``,
    ``trip_handed_over``, ``handover_damaged``.
    """
    if isinstance(event, TripTakenOver):
        return _taken_over(run, at_ms, event)
    if isinstance(event, TripHandedOver):
        if run.phase == ENDED:
            raise Refusal("trip_over")
        return replace(run, phase=HANDED_OVER, wheels=(*run.wheels, Wheel(at_ms, 0)) if run.wheels else ())
    if run.phase == HANDED_OVER:
        raise Refusal("trip_handed_over")
    if isinstance(event, DutyTaken):
        return _taken(run, at_ms, event)
    if isinstance(event, TripStarted):
        return _started(run, at_ms, event)
    if run.phase != RUNNING:
        raise Refusal("trip_over" if run.phase == ENDED else "trip_not_started")
    if isinstance(event, StopReached):
        return _reached(run, at_ms, event.idx)
    if isinstance(event, StopLeft):
        return _left(run, at_ms, event.idx)
    if isinstance(event, TripDelayed):
        told = {"delay_minutes": event.minutes, "reason": reason_of(event.reason), "note": event.note}
        return replace(run, told_ms=at_ms, **told)  # type: ignore[arg-type]
    if isinstance(event, TripCutShort):
        if event.idx < run.idx + (not run.standing):
            raise Refusal("stop_behind", status=422, field="idx")
        return replace(run, ends_idx=event.idx, reason=reason_of(event.reason), note=event.note)
    if isinstance(event, TripEnded):
        return _ended(run, at_ms, event.idx)
    return run


def reason_of(index: int) -> str:
    """Name of a reason; the last of them for a number of newer software."""
    return DELAY_REASONS[min(index, len(DELAY_REASONS) - 1)]


def check_range(event: Event) -> str:
    """What is out of bounds in an event of a trip, whoever wrote it; empty for nothing."""
    if getattr(event, "idx", 0) >= MAX_STOPS:
        return "idx"
    if getattr(event, "minutes", 0) > MAX_DELAY_MINUTES:
        return "minutes"
    if getattr(event, "reason", 0) >= len(DELAY_REASONS):
        return "reason"
    if len(getattr(event, "note", "")) > MAX_NOTE:
        return "note"
    if len(getattr(event, "vehicle", "")) > MAX_VEHICLE:
        return "vehicle"
    return ""


class Story:
    """The words of one trip on one box, in order. ``run`` is what stands; one of ``words`` that does not fit says nothing."""

    def __init__(self, words: Iterable[tuple[int, int, Event]] = ()) -> None:
        self._runs: list[tuple[int, Run]] = [(0, Run())]
        self._kinds: list[type[Event]] = []
        for seq, at_ms, event in words:
            with suppress(Refusal):
                self.add(seq, at_ms, event)

    @property
    def run(self) -> Run:
        """Where the trip stands."""
        return self._runs[-1][1]

    @property
    def last(self) -> tuple[int, type[Event]] | None:
        """Sequence and kind of the last word that stands: the one that can be taken back."""
        return (self._runs[-1][0], self._kinds[-1]) if self._kinds else None

    def add(self, seq: int, at_ms: int, event: Event) -> None:
        """One more word. Raises :class:`Refusal` as :func:`following`, and ``undo_not_last``."""
        if isinstance(event, TripWordTaken):
            if self.last is None or self.last[0] != event.seq:
                raise Refusal("undo_not_last")
            if self.last[1] in (TripHandedOver, TripTakenOver):
                raise Refusal("undo_handover")  # another box may have it already
            self._runs.pop()
            self._kinds.pop()
            return
        self._runs.append((seq, following(self.run, at_ms, event)))
        self._kinds.append(type(event))


def _taken(run: Run, at_ms: int, event: DutyTaken) -> Run:
    if run.phase == ENDED:
        raise Refusal("trip_over")
    if run.driver_no == event.driver_no:
        raise Refusal("trip_same_driver")
    wheels = (*run.wheels, Wheel(at_ms, event.driver_no)) if run.phase == RUNNING else ()
    return replace(run, driver_no=event.driver_no, vehicle=event.vehicle or run.vehicle, wheels=wheels)


def _started(run: Run, at_ms: int, event: TripStarted) -> Run:
    if run.phase != PLANNED:
        raise Refusal("trip_over" if run.phase == ENDED else "trip_started")
    return replace(
        run, phase=RUNNING, started_ms=at_ms, driver_no=event.driver_no, vehicle=event.vehicle or run.vehicle,
        against=event.against, halts=((0, at_ms, None),), wheels=(Wheel(at_ms, event.driver_no),),
    )  # fmt: skip


def _taken_over(run: Run, at_ms: int, event: TripTakenOver) -> Run:
    """Whatever stood here before: the trip stands now where the giver left it."""
    if run.phase == RUNNING:
        raise Refusal("trip_started")
    try:
        given = open_handover(event.signed)
    except Malformed:
        raise Refusal("handover_damaged", status=422, field="frames") from None
    begun = given.started_ms > 0
    return Run(
        phase=RUNNING if begun else PLANNED, idx=given.idx, standing=given.standing,
        started_ms=given.started_ms if begun else None, delay_minutes=given.delay_minutes, reason=given.reason,
        note=given.note, told_ms=at_ms if given.delay_minutes else 0,
        ends_idx=given.ends_idx if given.ends_idx >= 0 else None, driver_no=event.driver_no, vehicle=event.vehicle,
        halts=((given.idx, at_ms, None if given.standing else at_ms),) if begun else (),
        wheels=(Wheel(at_ms, event.driver_no),) if begun else (),
    )  # fmt: skip


def _reached(run: Run, at_ms: int, idx: int) -> Run:
    """A stop ahead may be reached although those between were never called: somebody forgot to tap."""
    if idx <= run.idx or (run.ends_idx is not None and idx > run.ends_idx):
        raise Refusal("stop_behind", status=422, field="idx")
    return replace(run, idx=idx, standing=True, halts=(*run.halts, (idx, at_ms, None)))


def _left(run: Run, at_ms: int, idx: int) -> Run:
    if idx < run.idx or (idx == run.idx and not run.standing):
        raise Refusal("stop_behind", status=422, field="idx")
    if run.ends_idx is not None and idx >= run.ends_idx:
        raise Refusal("stop_behind", status=422, field="idx")
    if idx == run.idx:
        here, reached_ms, _ = run.halts[-1]
        return replace(run, standing=False, halts=(*run.halts[:-1], (here, reached_ms, at_ms)))
    return replace(run, idx=idx, standing=False, halts=(*run.halts, (idx, at_ms, at_ms)))


def _ended(run: Run, at_ms: int, idx: int) -> Run:
    if idx < run.idx:
        raise Refusal("stop_behind", status=422, field="idx")
    wheels = (*run.wheels, Wheel(at_ms, 0))
    return replace(run, phase=ENDED, idx=idx, standing=True, ended_ms=at_ms, wheels=wheels)
