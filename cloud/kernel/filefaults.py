"""What is wrong with a file that somebody wants to import, said once a place."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class LineError:
    """One fault. ``line`` counts from 1 with the header; 0 where the fault is of the file as a whole."""

    file: str
    line: int
    field: str
    value: str
    code: str
    message: str

    def as_json(self) -> dict[str, str | int]:
        """The object that ``hub import-gtfs --json`` and ``hub import-register --json`` print."""
        return asdict(self)
