"""The trip as its driver runs it: who drives, which stop it has reached, how late it is, where it ends.

Every word is an event of this box, durable before it is shown, and holds with the hub away. What others (gate, portal,
manifest) want to know of the trip stands in :class:`TripNow`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edge.domains.duties import store
from edge.domains.duties.rest.service import Rest, RestView
from edge.domains.timetable.service import Call, Timetable, TripView
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.disruption.operations import Disruption, ShortTurn
from sync.domains.disruption.rules import DELAYED, MAX_DELAY_MINUTES
from sync.domains.duties import rules
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
from sync.domains.duties.rules import Run, Story
from sync.kernel.errors import Refusal
from sync.kernel.events import Event

Where = tuple[int, int]
WORDS = ("take", "start", "reach", "leave", "delay", "cut_short", "end", "take_back")


@dataclass(frozen=True)
class Word:
    """What a driver says: one of WORDS, and as much else as that takes."""

    kind: str
    idx: int = 0
    minutes: int = 0
    reason: str = ""
    note: str = ""
    anyway: bool = False


@dataclass(frozen=True)
class TripNow:
    """A dated trip of this box and where it stands. ``drivers``: whom the hub named; ``vehicle``: plate.

    ``calls``: the stops that it still serves, to the one where it ends. ``next_call`` None: it has ended.
    ``undo``: kind of the last word, which its driver can take back; empty for none.
    """

    trip: TripView
    run: Run
    vehicle: str
    drivers: tuple[int, ...]
    undo: str = ""

    @property
    def where(self) -> Where:
        """The dated trip."""
        return self.trip.trip_no, self.trip.day

    @property
    def calls(self) -> tuple[Call, ...]:
        """All stops up to the one where the trip ends."""
        return self.trip.calls if self.run.ends_idx is None else self.trip.calls[: self.run.ends_idx + 1]

    @property
    def next_call(self) -> Call | None:
        """The stop that comes, or where it stands before its start."""
        idx = self.run.next_idx
        return None if self.run.phase == rules.ENDED or idx >= len(self.calls) else self.calls[idx]

    @property
    def delay_minutes(self) -> int:
        """How late it is as its driver says; before the start as the hub does."""
        return self.run.delay_minutes if self.run.phase != rules.PLANNED else self.trip.delay_minutes

    def expected_ms(self, call: Call) -> int:
        """When it comes to a stop, as far as one knows."""
        return call.arrives_ms + self.delay_minutes * 60_000


class Duties:
    """The duties domain of a node."""

    def __init__(
        self, database: Database, scribe: Scribe, keeper: TimeKeeper, timetable: Timetable, rest: Rest
    ) -> None:
        self._database, self._scribe, self._keeper, self._timetable = database, scribe, keeper, timetable
        self._rest = rest
        # What drivers said, worked out once; every word begins a new one, so that nobody keeps what was read before it.
        self._said: list[tuple[dict[Where, Disruption], dict[Where, ShortTurn]]] = []

    def today(self) -> list[TripNow]:
        """What this box runs from yesterday's service date on, by departure."""
        connection, since = self._database.read(), self._timetable.today() - 1
        wanted = {(row.trip_no, row.day) for row in store.duties(connection, since)}
        found = [one for where in wanted | set(store.spoken_of(connection, since)) for one in self._known(where)]
        return sorted(found, key=lambda one: (one.trip.calls[0].departs_ms, one.where))

    def of(self, trip_no: int, day: int) -> TripNow:
        """A dated trip. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``."""
        connection = self._database.read()
        story, duty = Story(store.words(connection, trip_no, day)), store.duty(connection, trip_no, day)
        vehicle, drivers = (duty.vehicle, duty.drivers) if duty else ("", ())
        last = story.last[1] if story.last else None
        undo = last.__name__ if last not in (None, TripHandedOver, TripTakenOver) else ""
        return TripNow(self._timetable.trip(trip_no, day), story.run, story.run.vehicle or vehicle, drivers, undo)

    def driven(self, driver_no: int, days: int) -> list[Where]:
        """The dated trips of this box's last ``days`` service dates at whose wheel a driver was."""
        return store.driven(self._database.read(), driver_no, self._timetable.today() - days)

    def current(self) -> TripNow | None:
        """The trip of this box: the one that runs, else the next duty that nobody has started."""
        now, every = self._keeper.wall_ms(), self.today()
        running = [one for one in every if one.run.phase == rules.RUNNING]
        if running:
            return max(running, key=lambda one: one.run.started_ms or 0)
        ahead = [one for one in every if one.run.phase == rules.PLANNED and one.expected_ms(one.trip.calls[-1]) > now]
        return ahead[0] if ahead else None

    def running(self) -> TripNow | None:
        """The trip that runs now."""
        found = self.current()
        return found if found is not None and found.run.phase == rules.RUNNING else None

    def take(self, where: Where, driver_no: int) -> TripNow:
        """A driver takes the wheel, before the start or as a relief. Raises as :func:`rules.following`."""
        return self.append(where, lambda unit: (self._taking(unit.connection, where, driver_no),))

    def rest(self, now: TripNow, driver_no: int) -> RestView:
        """Which rules of rest a driver would break by driving a trip to its end, and when."""
        return self._rest.of(self._database.read(), now.trip, now.run, driver_no, now.drivers)

    def start(self, where: Where, driver_no: int, anyway: bool = False) -> TripNow:
        """The trip begins; whoever starts it has the wheel. One trip at a time. ``anyway``: although a rule of rest would be
        broken, of which the driver was told; the event says so.

        Raises :class:`Refusal`: ``trip_running`` (another one), ``rest_needed`` (codes), and as :func:`rules.following`.
        """
        told = self.rest(self.of(*where), driver_no)
        if told.breaches and not anyway:
            raise Refusal("rest_needed", field="anyway", codes=told.codes)

        def words(unit: UnitOfWork) -> Iterator[Event]:
            self.refuse_while_running(unit.connection, where)
            before = Story(store.words(unit.connection, *where)).run
            if before.driver_no != driver_no:
                yield self._taking(unit.connection, where, driver_no)
            yield TripStarted(
                *where, driver_no, self.of(*where).vehicle[: rules.MAX_VEHICLE], told.codes, told.rule.name
            )

        return self.append(where, words)

    def reach(self, where: Where, driver_no: int, idx: int) -> TripNow:
        """The vehicle stands at a stop. Raises as :func:`rules.following`, and ``stop_unknown_idx``."""
        self._check_idx(where, idx)
        return self.append(where, lambda _unit: (StopReached(*where, driver_no, idx),))

    def leave(self, where: Where, driver_no: int, idx: int) -> TripNow:
        """It left a stop or passed it; nobody leaves the last one. Raises as :meth:`reach`."""
        self._check_idx(where, idx, before_last=True)
        return self.append(where, lambda _unit: (StopLeft(*where, driver_no, idx),))

    def delay(self, where: Where, driver_no: int, minutes: int, reason: str, note: str = "") -> TripNow:
        """It is late by so much, 0: no more. Raises as :func:`rules.following`, and ``delay_minutes``, ``delay_reason``."""
        said = TripDelayed(*where, driver_no, minutes, _reason(reason), _note(note))
        if minutes < 0 or rules.check_range(said):
            raise Refusal("delay_minutes", status=422, field="minutes", most=MAX_DELAY_MINUTES)
        return self.append(where, lambda _unit: (said,))

    def cut_short(self, where: Where, driver_no: int, idx: int, reason: str, note: str = "") -> TripNow:
        """It ends at an earlier stop. Raises as :meth:`reach`, and ``delay_reason``."""
        self._check_idx(where, idx, before_last=True)
        said = TripCutShort(*where, driver_no, idx, _reason(reason), _note(note))
        return self.append(where, lambda _unit: (said,))

    def end(self, where: Where, driver_no: int) -> TripNow:
        """It is over at the last stop that it serves, or where it stands if that was not reached. Raises as
        :func:`rules.following`."""

        def words(unit: UnitOfWork) -> Iterator[Event]:
            yield TripEnded(*where, driver_no, Story(store.words(unit.connection, *where)).run.idx)

        return self.append(where, words)

    def take_back(self, where: Where, driver_no: int) -> TripNow:
        """The last word was a mistake: what stood before stands again. Raises :class:`Refusal` ``undo_none``."""

        def words(unit: UnitOfWork) -> Iterator[Event]:
            last = Story(store.words(unit.connection, *where)).last
            if last is None:
                raise Refusal("undo_none")
            yield TripWordTaken(*where, driver_no, last[0])

        return self.append(where, words)

    def say(self, where: Where, driver_no: int, word: Word) -> TripNow:
        """One of WORDS, with what it needs. Raises as the method of that name, and :class:`Refusal` ``trip_word``."""
        if word.kind == "start":
            return self.start(where, driver_no, word.anyway)
        if word.kind in ("take", "end", "take_back"):
            return getattr(self, word.kind)(where, driver_no)
        if word.kind in ("reach", "leave"):
            return getattr(self, word.kind)(where, driver_no, word.idx)
        if word.kind == "delay":
            return self.delay(where, driver_no, word.minutes, word.reason, word.note)
        if word.kind == "cut_short":
            return self.cut_short(where, driver_no, word.idx, word.reason, word.note)
        raise Refusal("trip_word", status=422, field="word")

    def told_aboard(self, trip_no: int, day: int) -> Disruption | None:
        """What the driver says of a trip that runs here, as the hub would say it: this box does not wait for that."""
        return self._spoken()[0].get((trip_no, day))

    def ends_aboard(self, trip_no: int, day: int) -> ShortTurn | None:
        """Where the driver says that a trip ends which runs here, if that is before its last stop."""
        return self._spoken()[1].get((trip_no, day))

    def _spoken(self) -> tuple[dict[Where, Disruption], dict[Where, ShortTurn]]:
        said = self._said
        if not said:
            said.append(self._told())
        return said[0]

    def _told(self) -> tuple[dict[Where, Disruption], dict[Where, ShortTurn]]:
        connection = self._database.read()
        late: dict[Where, Disruption] = {}
        short: dict[Where, ShortTurn] = {}
        for where in store.spoken_of(connection, self._timetable.today() - 1):
            run = Story(store.words(connection, *where)).run
            if run.told_ms:
                late[where] = Disruption(DELAYED, run.delay_minutes, run.note, run.told_ms)
            if run.ends_idx is not None:
                short[where] = ShortTurn(run.ends_idx, run.note, run.told_ms)
        return late, short

    def run(self, connection: sqlite3.Connection, where: Where) -> Run:
        """Where a trip stands, inside a transaction."""
        return Story(store.words(connection, *where)).run

    def append(self, where: Where, words: Callable[[UnitOfWork], Iterable[Event]]) -> TripNow:
        """Append words that fit what stands, all of them or none, and say where the trip stands then."""
        self._timetable.trip(*where)
        if meta.known_identity(self._database) is None:
            raise Refusal("not_enrolled", status=503)

        def work(unit: UnitOfWork) -> None:
            for event in words(unit):
                Story(store.words(unit.connection, *where)).add(1 << 62, self._keeper.wall_ms(), event)
                unit.append(event)

        self._scribe.write(work)
        self._said = []
        return self.of(*where)

    def _taking(self, connection: sqlite3.Connection, where: Where, driver_no: int) -> DutyTaken:
        duty = store.duty(connection, *where)
        assigned = duty is not None and (not duty.drivers or driver_no in duty.drivers)
        return DutyTaken(*where, driver_no, duty.vehicle[: rules.MAX_VEHICLE] if duty else "", assigned)

    def refuse_while_running(self, connection: sqlite3.Connection, where: Where) -> None:
        """One trip at a time. Raises :class:`Refusal` ``trip_running``."""
        for other in store.spoken_of(connection, self._timetable.today() - 1):
            if other != where and Story(store.words(connection, *other)).run.phase == rules.RUNNING:
                raise Refusal("trip_running")

    def _check_idx(self, where: Where, idx: int, before_last: bool = False) -> None:
        if not 0 <= idx < len(self._timetable.trip(*where).calls) - before_last:
            raise Refusal("no_such_stop", status=422, field="idx")

    def _known(self, where: Where) -> Iterator[TripNow]:
        """A trip of which the timetable still knows."""
        try:
            yield self.of(*where)
        except Refusal:
            return


def _reason(name: str) -> int:
    if name not in DELAY_REASONS:
        raise Refusal("delay_reason", status=422, field="reason")
    return DELAY_REASONS.index(name)


def _note(text: str) -> str:
    note = " ".join(text.split())
    if len(note) > rules.MAX_NOTE or not note.isprintable():
        raise Refusal("input_long", status=422, field="note", most=rules.MAX_NOTE)
    return note
