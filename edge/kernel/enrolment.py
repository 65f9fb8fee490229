"""Making a box known to the hub, once, with the code that an admin gave."""

from __future__ import annotations

from pathlib import Path

from edge.kernel import meta
from edge.kernel.scribe import Scribe
from sync.kernel import enrolment
from sync.kernel.certificate import read
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Malformed
from sync.kernel.keys import Ed25519Signer, VerifyKey
from sync.kernel.ports import Ids, Transport


def own_key(path: Path, ids: Ids) -> Ed25519Signer:
    """The node's key, made here at the first start; the private half never leaves this file (mode 0600)."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(ids.token(32))
        fresh.replace(path)
    return Ed25519Signer(path.read_bytes())


def enrol(code: str, signer: Ed25519Signer, transport: Transport, scribe: Scribe) -> Welcome:
    """Introduce this box with a one-time ``code``. Safe to repeat with the same code after a lost answer.

    Raises :class:`Refusal` for a mistyped code, :class:`Fault` when the hub is away or refuses, and
    :class:`Malformed` when the answer does not come from the hub that gave the code.
    """
    secret = enrolment.secret_of(code)
    answer = transport.post(enrolment.PATH, enrolment.encode_request(secret, signer.public))
    welcome = enrolment.decode_welcome(answer, secret, signer.public)
    certificate = read(welcome.certificate, VerifyKey(welcome.hub_public))
    if certificate.public != signer.public or certificate.node_no != welcome.node_no:
        raise Malformed("enrol_certificate")
    scribe.write(
        lambda unit: meta.put(
            unit.connection,
            node_no=welcome.node_no,
            epoch=welcome.epoch,
            name=welcome.name,
            hub_public=welcome.hub_public,
            certificate=welcome.certificate,
            last_hub_ms=welcome.hub_ms,
        )
    )
    return welcome
