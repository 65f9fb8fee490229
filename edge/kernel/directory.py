"""Who may sign tickets: certificates and revocations from the hub, checked once when they come."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from edge.kernel import meta
from sync.kernel import certificate
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey

Connect = Callable[[], sqlite3.Connection]


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

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def issuer(self, kid: bytes) -> Certificate | None:
        """The certified owner of key ``kid``, if the hub has told of it."""
        row = self._connect().execute("SELECT certificate FROM issuer WHERE kid = ?", (kid,)).fetchone()
        return Certificate.from_bytes(row[0]) if row else None

    def revoked_after(self, kid: bytes) -> int | None:
        """Last good ticket serial of a revoked key; None for a key in good standing."""
        row = self._connect().execute("SELECT last_serial FROM revoked_issuer WHERE kid = ?", (kid,)).fetchone()
        return row[0] if row else None
