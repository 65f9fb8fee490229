"""What operators have to say to the passengers of this box."""

from __future__ import annotations

from edge.domains.notices import store
from edge.kernel.database import Database
from sync.domains.notices.operations import Notice
from sync.domains.notices.rules import in_turn, shown


class Notices:
    """The notices domain of a node: it reads what the hub published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def on(self, operator_no: int, day: int, route_no: int | None = None) -> list[Notice]:
        """What an operator says on a day, to the passengers of a line if one is given: the urgent first, then the newest."""
        return in_turn([one for one in self._known().get(operator_no, ()) if shown(one, day, route_no)])

    def _known(self) -> dict[int, list[Notice]]:
        found: dict[int, list[Notice]] = self._database.memory.get("notices", self._read)
        return found

    def _read(self) -> dict[int, list[Notice]]:
        found: dict[int, list[Notice]] = {}
        for operator_no, body in store.every(self._database.read()):
            found.setdefault(operator_no, []).append(Notice.from_bytes(body))
        return found
