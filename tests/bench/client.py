"""A lean HTTP/1.1 client: what it costs is taken from the same processor that the server runs on."""

from __future__ import annotations

import json
import socket
from typing import Any


class Unexpected(Exception):
    """The server answered something else than success."""


class Connection:
    """One keep-alive connection to loopback."""

    def __init__(self, port: int, token: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n" + (
            f"Authorization: Bearer {token}\r\n" if token else ""
        )

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def post(self, path: str, body: Any) -> Any:
        """The answer's JSON."""
        return json.loads(self.exchange(self.message(path, body)))

    def message(self, path: str, body: Any) -> bytes:
        """The bytes of a POST request, or of a GET when there is no body."""
        if body is None:
            return f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode()
        data = json.dumps(body).encode()
        return f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n".encode() + data

    def exchange(self, message: bytes) -> bytes:
        """Send a request's bytes; the answer's body. Raises :class:`Unexpected` for a status that is not 2xx."""
        self._socket.sendall(message)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        body = received[end + 4 :]
        while len(body) < length:
            body += self._more()
        if not head.startswith(b"http/1.1 2"):
            raise Unexpected(received[:end].split(b"\r\n", 1)[0].decode() + " " + body[:300].decode())
        return body

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionError("the server hung up")
        return data
