"""Travellers' documents that are kept where they should not be, or compared with nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.ticketing.office import named
from edge.domains.ticketing.office.travellers import Travellers
from edge.kernel import meta


@contextlib.contextmanager
def document_remembered() -> Iterator[None]:
    """The last name that was typed is kept on the box, for the clerk's convenience."""
    add = Travellers.add
    last: dict[int, str] = {}
    read = Travellers._read

    def reading(self: Travellers, shown: Any) -> Any:
        last[id(self)] = shown.name
        return read(self, shown)

    def adding(self: Travellers, unit: Any, prepared: Any, serial: int) -> None:
        if prepared is not None and id(self) in last:
            meta.put(unit.connection, last_name=last[id(self)])
        add(self, unit, prepared, serial)

    with mock.patch.object(Travellers, "_read", reading), mock.patch.object(Travellers, "add", adding):
        yield


@contextlib.contextmanager
def document_not_looked_up() -> Iterator[None]:
    """A box sells as many tickets of a trip to one document as are asked for."""
    with mock.patch.object(named, "serial_with", lambda *_: None):
        yield


MUTANTS: Final = {
    "document_remembered": document_remembered,
    "document_not_looked_up": document_not_looked_up,
}
