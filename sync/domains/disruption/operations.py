"""What the hub says of a trip that does not run as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Disruption(Record):
    """Key ``disruption/TRIP/DAY`` on the stream of the trip's operator: whoever knows the trip knows of it.

    ``kind``: one of :data:`sync.domains.disruption.rules.KINDS`; one that software does not know changes nothing there.
    ``minutes``: how late it comes. ``note``: why, in words for people. ``at_ms``: when the hub was told.
    """

    PREFIX: ClassVar[str] = "disruption"
    kind: str
    minutes: int
    note: str
    at_ms: int
