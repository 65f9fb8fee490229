"""Who may sign tickets: certificates and revocations from the hub, checked once when they come."""

from __future__ import annotations

import sqlite3

from edge.kernel import meta
from edge.kernel.database import Database
from sync.kernel import certificate
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey


def keep_issuer(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``key/<kid>``: a certificate signed by the hub. One that does not verify is not believed."""
    kid = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM issuer WHERE kid = ?", (kid,))
    hub_public = meta.get(connection, "hub_public")
    if body is None or hub_public is None:
        return
    try:
        found = certificate.read(body, VerifyKey(hub_public))
    except Malformed:
        return
    if found.key.kid == kid:
        connection.execute("INSERT INTO issuer (kid, certificate) VALUES (?, ?)", (kid, found.to_bytes()))


def keep_revocation(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``revoked/<kid>``."""
    kid = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM revoked_issuer WHERE kid = ?", (kid,))
    if body is not None:
        found = Revocation.from_bytes(body)
        connection.execute(
            "INSERT INTO revoked_issuer (kid, last_serial, at_ms) VALUES (?, ?, ?)",
            (kid, found.last_serial, found.at_ms),
        )


class Directory:
    """Look-ups at the gate."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issuer(self, kid: bytes) -> Certificate | None:
        """The certified owner of key ``kid``, if the hub has told of it."""
        return self._standing(kid)[0]

    def revoked_after(self, kid: bytes) -> int | None:
        """Last good ticket serial of a revoked key; None for a key in good standing."""
        return self._standing(kid)[1]

    def logs(self) -> dict[tuple[int, int], bytes]:
        """(node_no, epoch) → key id of everybody who may sign tickets."""
        rows = self._database.read().execute("SELECT kid, certificate FROM issuer").fetchall()
        known = ((kid, Certificate.from_bytes(body)) for kid, body in rows)
        return {(one.node_no, one.epoch): kid for kid, one in known}

    def count(self) -> int:
        """How many these are."""
        return int(self._database.read().execute("SELECT count(*) FROM issuer").fetchone()[0])

    def of_node(self, node_no: int) -> Certificate | None:
        """The certificate of a node's newest log that is in good standing; looked for in all, so not for every sale."""
        rows = self._database.read().execute(
            "SELECT certificate FROM issuer WHERE kid NOT IN (SELECT kid FROM revoked_issuer)"
        )
        found = [known for row in rows if (known := Certificate.from_bytes(row[0])).node_no == node_no]
        return max(found, key=lambda one: one.epoch, default=None)

    def _standing(self, kid: bytes) -> tuple[Certificate | None, int | None]:
        return self._database.memory.get(("issuer", kid), lambda: self._read(kid))

    def _read(self, kid: bytes) -> tuple[Certificate | None, int | None]:
        connection = self._database.read()
        known = connection.execute("SELECT certificate FROM issuer WHERE kid = ?", (kid,)).fetchone()
        revoked = connection.execute("SELECT last_serial FROM revoked_issuer WHERE kid = ?", (kid,)).fetchone()
        return Certificate.from_bytes(known[0]) if known else None, revoked[0] if revoked else None
