"""A node's certificate: the hub's word that a key belongs to a node, for so long and for such events.

It stands in the key directory (operation ``key/<kid>`` on ``net``) and, while the node is young, inside its tickets,
so that a validator which was away since the enrolment can still check them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from sync.kernel import cose, records
from sync.kernel.cbor import decode, encode
from sync.kernel.errors import Malformed
from sync.kernel.keys import EDDSA, VerifyKey
from sync.kernel.operations import Record
from sync.kernel.ports import Signer

PURPOSE: Final = b"yipiao certificate 1"
YOUNG_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Certificate(Record):
    """``public`` is node ``node_no``'s key in log epoch ``epoch``, from service day ``from_day`` to ``until_day``."""

    PREFIX: ClassVar[str] = "key"
    node_no: int
    epoch: int
    public: bytes
    from_day: int
    until_day: int
    alg: int = EDDSA

    @property
    def key(self) -> VerifyKey:
        """The certified key."""
        return VerifyKey(self.public, self.alg)

    def young_on(self, day: int) -> bool:
        """Whether the certificate is so new on ``day`` that a ticket should carry it."""
        return day < self.from_day + YOUNG_DAYS


@dataclass(frozen=True, slots=True)
class Revocation(Record):
    """Key ``revoked/<kid>`` on ``net``: tickets of this key after serial ``last_serial`` are void.

    Revocation is by position, not by time, because a thief sets the clock.
    """

    PREFIX: ClassVar[str] = "revoked"
    node_no: int
    last_serial: int
    at_ms: int
    reason: str


def issue(certificate: Certificate, hub: Signer) -> bytes:
    """The certificate signed by the hub (COSE_Sign1)."""
    return cose.sign1(encode(records.to_body(certificate)), hub, PURPOSE)


def read(data: bytes, hub: VerifyKey) -> Certificate:
    """A certificate that ``hub`` signed. Raises :class:`Malformed`."""
    signed = cose.verify1(data, lambda kid: hub if kid == hub.kid else None, PURPOSE, 1024)
    found = records.from_body(Certificate, decode(signed.payload, 512))
    if len(found.public) != 32:
        raise Malformed("certificate_key")
    return found
