"""Looking things up in what the hub's register told this node. A number that it was not told of is None, never a
guess."""

from __future__ import annotations

from edge.domains.register import store
from edge.kernel.database import Database
from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts
from sync.domains.register.rules import plain_plate


class Register:
    """The register as this node knows it: of the operators at its stops, and of those whose trips it runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def operator(self, number: int) -> OperatorFacts | None:
        """An operator by its number in the register."""
        return store.fact(self._database.read(), OperatorFacts, number)

    def operator_of(self, agency_no: int) -> tuple[int, OperatorFacts] | None:
        """(number, facts) of the operator that the timetable knows as ``agency_no``."""
        known: dict[int, tuple[int, OperatorFacts]] = self._database.memory.get("register_agencies", self._by_agency)
        return known.get(agency_no)

    def vehicle(self, number: int) -> VehicleFacts | None:
        """A vehicle or ship by its number in the register."""
        return store.fact(self._database.read(), VehicleFacts, number)

    def vehicle_with_plate(self, plate: str, colour: str | None = None) -> tuple[int, VehicleFacts] | None:
        """(number, facts) of the vehicle with a plate, as the register writes it or as people do, with dots and blanks; None
        also where two have it and ``colour`` does not tell them apart."""
        connection = self._database.read()
        found = store.marked(connection, VehicleFacts, plate) or store.marked(
            connection, VehicleFacts, plain_plate(plate)
        )
        found = [one for one in found if colour is None or one[1].colour == colour]
        return found[0] if len(found) == 1 else None

    def vehicles(self) -> list[tuple[int, VehicleFacts]]:
        """(number, facts) of all vehicles and ships, by plate."""
        return store.every(self._database.read(), VehicleFacts)

    def driver(self, number: int) -> DriverFacts | None:
        """A driver by the number in the register."""
        return store.fact(self._database.read(), DriverFacts, number)

    def driver_of(self, clerk_no: int) -> tuple[int, DriverFacts] | None:
        """(number, facts) of the driver who signs in, drives duties and is rated as ``clerk_no``."""
        known: dict[int, tuple[int, DriverFacts]] = self._database.memory.get("register_clerks", self._by_clerk)
        return known.get(clerk_no) if clerk_no else None

    def drivers(self) -> list[tuple[int, DriverFacts]]:
        """(number, facts) of all drivers, by name."""
        return store.every(self._database.read(), DriverFacts)

    def permits(self) -> list[tuple[int, PermitFacts]]:
        """(number, facts) of all permits of lines, by number of the permit."""
        return store.every(self._database.read(), PermitFacts)

    def _by_clerk(self) -> dict[int, tuple[int, DriverFacts]]:
        return {facts.clerk_no: (number, facts) for number, facts in self.drivers()}

    def _by_agency(self) -> dict[int, tuple[int, OperatorFacts]]:
        told = store.every(self._database.read(), OperatorFacts)
        return {agency_no: (number, facts) for number, facts in told for agency_no in facts.agency_nos}
