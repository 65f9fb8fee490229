"""What is wrong with a file that somebody wants to import, said once a place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LineError:
    """One fault. ``line`` counts from 1 with the header; 0 where the fault is of the file as a whole. ``message`` is English;
    ``details`` fill the catalogue's text under ``code`` for a page in another language."""

    file: str
    line: int
    field: str
    value: str
    code: str
    message: str
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, str | int]:
        """The object that ``hub import-gtfs --json`` and ``hub import-register --json`` print."""
        return {name: value for name, value in asdict(self).items() if name != "details"}
