"""Codes of tickets as the story shows them: good ones to the coach's scanner, forged ones to its gate."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import base45

from sync.kernel import keys, ticket


class Scanner:
    """Codes as lines into the fake scanner, its JSON answers back."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> Callable[[str], dict[str, Any]]:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._lines = self._socket.makefile("rb")
        return self._scan

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def _scan(self, code: str) -> dict[str, Any]:
        self._socket.sendall(code.encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer


def forgeries(text: str) -> list[str]:
    """A ticket signed by a stranger, one under a stolen issuer id, and one with another seat."""
    opened = ticket.parse(text)
    stranger = keys.Ed25519Signer(b"s" * 32)
    claims = opened.claims
    own = ticket.issue(claims, stranger)
    body = bytearray(base45.b45decode(text[3:]))
    body[-1] ^= 1
    changed = ticket.PREFIX + base45.b45encode(bytes(body)).decode()
    stolen = keys.Ed25519Signer(b"t" * 32)
    stolen.kid = opened.kid
    return [own, changed, ticket.issue(claims, stolen)]
