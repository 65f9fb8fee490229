"""Departure clearance: the inspector looks, the box compares with the rules, the inspector signs with a PIN.

What the register says of vehicle and drivers comes from the hub; what it does not say is read off the papers and typed
in. Whatever the answer, it is an event before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.domains.clearance import store
from edge.domains.clearance.store import Count, Said
from edge.domains.register.service import Register
from edge.domains.timetable.service import Timetable
from edge.kernel.accounts import Accounts
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.clearance import rules
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.operations import ClearanceRules
from sync.domains.clearance.rules import Departure, Papers
from sync.kernel.errors import Refusal

MAX_VEHICLE = 40


@dataclass(frozen=True)
class DriverShown:
    """A driver: the ``number`` in the register, or the one with which he or she drives (``clerk_no``), or (both 0) the days
    that the papers name."""

    number: int = 0
    licence_until_day: int = 0
    qualification_until_day: int = 0
    clerk_no: int = 0


@dataclass(frozen=True)
class Form:
    """What the inspector fills in. Days and ``capacity`` count where the register does not know the vehicle's ``plate``."""

    trip_no: int
    day: int
    plate: str
    aboard: int
    checked: bool
    belts: bool
    motorway_km: int = 0
    other_km: int = 0
    inspection_until_day: int = 0
    permit_until_day: int = 0
    capacity: int = 0
    drivers: tuple[DriverShown, ...] = field(default=())


@dataclass(frozen=True)
class Answer:
    """``lacks``: (what is wrong, where that is written); empty: cleared."""

    lacks: tuple[tuple[str, str], ...]

    @property
    def cleared(self) -> bool:
        """Whether the vehicle may leave."""
        return not self.lacks


@dataclass(frozen=True)
class _Read:
    found: Departure
    vehicle: str
    vehicle_no: int
    driver_nos: tuple[int, ...]


class Clearance:
    """The clearance domain of a node. ``known``: people of a dated trip whom this node boarded and who are aboard."""

    def __init__(
        self, database: Database, scribe: Scribe, timetable: Timetable, register: Register, accounts: Accounts,
        known: Callable[[int, int], int],
    ) -> None:  # fmt: skip
        self._database, self._scribe, self._timetable = database, scribe, timetable
        self._register, self._accounts, self.known = register, accounts, known

    def rules(self, day: int) -> ClearanceRules:
        """What a departure of this day needs."""
        return rules.clearance_rules(store.rules(self._database.read()), day)

    def said(self, trip_no: int, day: int) -> Said | None:
        """What was said of a departure here."""
        return store.said(self._database.read(), trip_no, day)

    def counts(self, trip_no: int, day: int) -> list[Count]:
        """What was counted on a ferry, or at its pier, here."""
        return store.counts(self._database.read(), trip_no, day)

    def decide(self, form: Form, clerk_no: int, pin: str) -> Answer:
        """Clear a departure, or refuse it with everything that is wrong. Durable when this returns.

        Raises :class:`Refusal`: ``no_such_trip``, ``not_running``, ``clearance_vehicle``, ``clearance_number``,
        ``driver_unknown``, ``driver_twice``, ``clearance_done``, ``pin_wrong``, ``pin_locked``.
        """
        self._timetable.trip(form.trip_no, form.day)
        read, given = self._read(form), self.rules(form.day)
        self._accounts.sign_in(clerk_no, pin)
        found, wrong = read.found, rules.lacks(read.found, given)
        head = (form.trip_no, form.day, read.vehicle, read.vehicle_no, len(found.drivers), read.driver_nos)
        counted = (found.motorway_km, found.other_km, found.aboard, found.capacity)

        def work(unit: UnitOfWork) -> None:
            before = store.said(unit.connection, form.trip_no, form.day)
            if before is not None and before.cleared:
                raise Refusal("clearance_done")
            if wrong:
                unit.append(DepartureRefused(*head, *counted, wrong, given.name, clerk_no))
            else:
                unit.append(DepartureCleared(*head, *counted, rules.good_until(found), given.name, clerk_no))

        self._scribe.record(work)
        sources = dict(given.checks)
        return Answer(tuple((code, sources[code]) for code in wrong))

    def undo(self, trip_no: int, day: int, clerk_no: int) -> None:
        """Take a clearance back. Raises :class:`Refusal` ``clearance_none``."""

        def work(unit: UnitOfWork) -> None:
            before = store.said(unit.connection, trip_no, day)
            if before is None or not before.cleared:
                raise Refusal("clearance_none")
            unit.append(ClearanceUndone(trip_no, day, clerk_no))

        self._scribe.record(work)

    def count(self, trip_no: int, day: int, on_board: bool, counted: int, clerk_no: int) -> int:
        """Write down how many people are aboard (or were let through); gives by how many that differs from whom this node
        boarded. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``, ``clearance_number``."""
        self._timetable.trip(trip_no, day)
        _bounded(counted, rules.MAX_PEOPLE, "counted")
        known = self.known(trip_no, day)
        self._scribe.record(
            lambda unit: unit.append(PassengersCounted(trip_no, day, on_board, counted, known, clerk_no))
        )
        return counted - known

    def _read(self, form: Form) -> _Read:
        """The form with what the register knows in the place of what was typed."""
        plate = " ".join(form.plate.split()).upper()
        if not 2 <= len(plate) <= MAX_VEHICLE or not plate.isprintable():
            raise Refusal("clearance_vehicle", status=422, field="plate")
        if len(form.drivers) > rules.MAX_DRIVERS:
            raise Refusal("clearance_number", status=422, field="drivers")
        known = self._register.vehicle_with_plate(plate)
        inspection, permit, capacity = form.inspection_until_day, form.permit_until_day, form.capacity
        if known is not None:
            facts = known[1]
            inspection, permit, capacity = facts.inspection_until_day, facts.permit_until_day, facts.capacity
        drivers = [self._papers(one) for one in form.drivers]
        capacity = capacity or self._timetable.seat_plan(form.trip_no, form.day).capacity
        found = Departure(
            form.day, form.checked, inspection, permit, tuple(papers for _, papers in drivers),
            _bounded(form.motorway_km, rules.MAX_KM, "motorway_km"), _bounded(form.other_km, rules.MAX_KM, "other_km"),
            _bounded(form.aboard, rules.MAX_PEOPLE, "aboard"), _bounded(capacity, rules.MAX_PEOPLE, "capacity"), form.belts,
        )  # fmt: skip
        numbers = tuple(number for number, _ in drivers if number)
        if len(set(numbers)) < len(numbers):
            raise Refusal("driver_twice", status=422, field="drivers")
        return _Read(found, plate, known[0] if known else 0, numbers)

    def _papers(self, shown: DriverShown) -> tuple[int, Papers]:
        """The number in the register, 0 for none, and until when the papers are good."""
        if not shown.number and not shown.clerk_no:
            return 0, Papers(shown.licence_until_day, shown.qualification_until_day)
        number, facts = shown.number, self._register.driver(shown.number) if shown.number else None
        if not number:
            number, facts = self._register.driver_of(shown.clerk_no) or (0, None)
        if facts is None:
            raise Refusal("driver_unknown", status=422, field="drivers", number=shown.number or shown.clerk_no)
        return number, Papers(facts.licence_until_day, facts.qualification_until_day)


def _bounded(value: int, most: int, name: str) -> int:
    if not 0 <= value <= most:
        raise Refusal("clearance_number", status=422, field=name)
    return value
