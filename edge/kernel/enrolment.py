"""Making a box known to the hub, once, with the code that an admin gave."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from edge.kernel import meta
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.kernel import enrolment
from sync.kernel.certificate import read
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Fault, Malformed, Refusal
from sync.kernel.keys import Ed25519Signer, VerifyKey
from sync.kernel.ports import Ids, Transport

_KEY_BYTES: Final = 32


def own_key(path: Path, ids: Ids) -> Ed25519Signer:
    """The node's key, made here at the first start; the private half never leaves this file (mode 0600).

    Raises :class:`Fault` (``settings``) when the file is damaged: another key would make another node.
    """
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        with fresh.open("wb") as file:
            file.write(ids.token(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the name without the key
        fresh.replace(path)
    seed = path.read_bytes()
    if len(seed) != _KEY_BYTES:
        raise Fault("settings", f"{path.name}: not a key of {_KEY_BYTES} bytes", retry=False)
    return Ed25519Signer(seed)


def present_key(path: Path, identity: meta.Identity | None, ids: Ids) -> Ed25519Signer:
    """The key that this box signs with. Where a re-enrolment was cut off behind its commit, the key that it made takes
    its place now. Raises as :func:`own_key`."""
    waiting = next_key_file(path)
    if identity is not None and waiting.exists() and key_fits(identity, own_key(waiting, ids)):
        waiting.replace(path)
    return own_key(path, ids)


def next_key_file(path: Path) -> Path:
    """Where the key of the next log waits for its certificate."""
    return path.with_suffix(".next")


def key_fits(identity: meta.Identity | None, signer: Ed25519Signer) -> bool:
    """Whether the key in hand is the one that the hub certified: tickets signed by another would be refused."""
    return identity is None or read(identity.certificate, identity.hub_key).public == signer.public


def enrol(code: str, signer: Ed25519Signer, transport: Transport, scribe: Scribe) -> Welcome:
    """Introduce this box with a one-time ``code``. Safe to repeat with the same code after a lost answer.

    Raises as :func:`introduce`, and :class:`Refusal` for a box that is another node already.
    """
    welcome = introduce(code, signer, transport)
    scribe.write(lambda unit: _keep(unit, welcome))
    return welcome


def introduce(code: str, signer: Ed25519Signer, transport: Transport) -> Welcome:
    """The hub's welcome for the key of ``signer``; nothing is kept.

    Raises :class:`Refusal` for a mistyped code, :class:`Fault` when the hub is away or refuses, and :class:`Malformed`
    when the answer does not come from the hub that gave the code.
    """
    secret = enrolment.secret_of(code)
    answer = transport.post(enrolment.PATH, enrolment.encode_request(secret, signer.public))
    welcome = enrolment.decode_welcome(answer, secret, signer.public)
    certificate = read(welcome.certificate, VerifyKey(welcome.hub_public))
    if certificate.public != signer.public or certificate.node_no != welcome.node_no:
        raise Malformed("enrol_certificate")
    return welcome


def _keep(unit: UnitOfWork, welcome: Welcome) -> None:
    known = meta.identity(unit.connection)
    now = (welcome.node_no, welcome.epoch, welcome.hub_public)
    if known is not None and (known.node_no, known.epoch, known.hub_key.public) != now:
        # Its log and its tickets carry the name that it has: another one needs another data folder.
        raise Refusal("enrol_key_taken")
    keep_welcome(unit.connection, welcome)


def keep_welcome(connection: sqlite3.Connection, welcome: Welcome) -> None:
    """This box is now what ``welcome`` says; inside the caller's transaction."""
    meta.put(
        connection,
        node_no=welcome.node_no,
        epoch=welcome.epoch,
        name=welcome.name,
        hub_public=welcome.hub_public,
        certificate=welcome.certificate,
        last_hub_ms=welcome.hub_ms,
    )
