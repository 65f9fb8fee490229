"""How this box is: what it tells its people and the hub about itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.exchange import Exchanger
from edge.kernel.scribe import DISK_FULL, Scribe
from edge.kernel.settings import SOFTWARE
from sync.kernel import certificate, days
from sync.kernel.operations import Profile

_QUIET_MS = 3 * 86_400_000


def keep_profile(connection: sqlite3.Connection, _rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``profile``: kept in ``meta`` as it came, if it can be read."""
    if body is not None:
        Profile.from_bytes(body)
    meta.put(connection, profile=body)


@dataclass(frozen=True)
class Issue:
    """Something wrong, by code (``issue_<code>`` in the catalogue tells the cause and the next step)."""

    code: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeStatus:
    """What the status page shows. ``hub_age_s`` None: not reached since the start."""

    node_no: int | None
    name: str
    software: str
    head_seq: int
    acked_seq: int
    waiting: int
    hub_age_s: int | None
    clock_sure: bool
    can_sell: bool
    issues: tuple[Issue, ...]


class Fleet:
    """The node's view of itself. ``watch``: what the domains have to say besides."""

    def __init__(self, database: Database, scribe: Scribe, keeper: TimeKeeper) -> None:
        self._database, self._scribe, self._keeper = database, scribe, keeper
        self.exchanger: Exchanger | None = None
        self.watch: Sequence[Callable[[sqlite3.Connection], Iterable[Issue]]] = ()

    def profile(self) -> Profile | None:
        """What the hub says that this box is."""
        return self._database.memory.get("profile", self._read_profile)

    def status(self) -> NodeStatus:
        """Everything at once."""
        connection = self._database.read()
        identity = meta.identity(connection)
        head, acked = self._scribe.log.head.seq, meta.get(connection, "acked_seq", 0)
        return NodeStatus(
            node_no=identity.node_no if identity else None,
            name=identity.name if identity else "",
            software=SOFTWARE,
            head_seq=head,
            acked_seq=acked,
            waiting=max(head - acked, 0),
            hub_age_s=self.hub_age_s(),
            clock_sure=self._keeper.sure(),
            can_sell=identity is not None and self._scribe.halted is None and not meta.barred(connection),
            issues=tuple(self._issues(connection, identity is not None)),
        )

    def hub_age_s(self) -> int | None:
        """Seconds since the hub was last reached by this process."""
        exchanger = self.exchanger
        if exchanger is None or exchanger.last_contact_mono_ms is None:
            return None
        return max(self._keeper.clock.mono_ms() - exchanger.last_contact_mono_ms, 0) // 1000

    def _read_profile(self) -> Profile | None:
        body = meta.get(self._database.read(), "profile")
        return Profile.from_bytes(body) if body else None

    def report(self) -> dict[str, Any]:
        """What the hub is told, as far as it changed since the last time."""
        connection = self._database.read()
        identity = meta.identity(connection)
        return {
            "software": SOFTWARE,
            "issues": [issue.code for issue in self._issues(connection, identity is not None)],
            "clock_sure": self._keeper.sure(),
        }

    def _issues(self, connection: sqlite3.Connection, enrolled: bool) -> list[Issue]:
        found = []
        if not enrolled:
            found.append(Issue("not_enrolled"))
        halted = self._scribe.halted
        if halted:
            found.append(Issue(DISK_FULL) if halted == DISK_FULL else Issue("box_stopped", {"reason": halted}))
        status = meta.get(connection, "hub_status", "ok")
        if meta.get(connection, "anew_above", 0):
            found.append(Issue("hub_restored"))
        elif status not in ("ok", "resend"):
            found.append(Issue(status))
        held = connection.execute("SELECT count(*) FROM quarantined").fetchone()[0]
        if held:
            found.append(Issue("quarantined", {"count": held}))
        odd = meta.get(connection, "unreadable", "").split("\n")
        if odd != [""]:
            found.append(Issue("operation_unreadable", {"count": len(odd), "first": odd[0]}))
        if not self._keeper.sure():
            found.append(Issue("clock_unsure"))
        # A quiet visit writes nothing, so the newest word of the hub may be in memory only.
        last = max(meta.get(connection, "last_hub_ms", 0), self._scribe.hub_ms)
        if last and self._keeper.wall_ms() - last > _QUIET_MS:
            found.append(Issue("hub_long_away", {"days": (self._keeper.wall_ms() - last) // 86_400_000}))
        if enrolled and self._certificate_past():
            found.append(Issue("certificate_past"))
        return [*found, *(issue for look in self.watch for issue in look(connection))]

    def _certificate_past(self) -> bool:
        """Whether the newest certificate of this box has ended, by a clock that can be believed."""
        until = self._database.memory.get("certified_until", self._certified_until)
        return self._keeper.sure() and days.day_at(self._keeper.wall_ms(), "UTC") > until

    def _certified_until(self) -> int:
        identity = meta.identity(self._database.read())
        if identity is None:
            return 0
        own = certificate.read(identity.certificate, identity.hub_key)
        row = self._database.read().execute("SELECT certificate FROM issuer WHERE kid = ?", (own.key.kid,)).fetchone()
        return max(own.until_day, certificate.Certificate.from_bytes(row[0]).until_day if row else 0)
