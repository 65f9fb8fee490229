"""One HTTP request to the hub, with nothing in it that costs bytes and says nothing."""

from __future__ import annotations

import http.client
import json
from typing import Final
from urllib.parse import urlsplit

from sync.kernel.errors import Fault

MAX_ANSWER: Final = 8 * 1024 * 1024
EXCHANGE_TIMEOUT_S: Final = 20.0
# Somebody stands at the counter and waits for the answer.
ENQUIRY_TIMEOUT_S: Final = 4.0


class HttpTransport:
    """The hub at ``url``. ``bytes_up`` and ``bytes_down`` count what crossed the line, headers included, ``body_up``
    only what was said."""

    def __init__(self, url: str, timeout_s: float = EXCHANGE_TIMEOUT_S) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https"):
            raise Fault("settings", f"hub_url: {url!r} is not an address", retry=False)
        self._https = parts.scheme == "https"
        self._address = host, port or (443 if self._https else 80)
        self._base = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self.bytes_up = 0
        self.body_up = 0
        self.bytes_down = 0
        self.requests = 0

    def post(self, path: str, body: bytes) -> bytes:
        """The answer's body. Raises :class:`Fault`: ``hub_away`` (retry), or the hub's own code for a refusal."""
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(*self._address, timeout=self._timeout_s)
        try:
            connection.putrequest("POST", self._base + path, skip_accept_encoding=True)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read(MAX_ANSWER + 1)
            if answer.length and len(data) <= MAX_ANSWER:
                raise http.client.IncompleteRead(data, answer.length)
        except (OSError, http.client.HTTPException) as error:
            raise Fault("hub_away", type(error).__name__) from error
        finally:
            connection.close()
        self._count(path, body, answer, data)
        if answer.status != 200:
            raise Fault(_code(data), f"HTTP {answer.status}", retry=answer.status >= 500 or answer.status == 429)
        if len(data) > MAX_ANSWER:
            raise Fault("hub_answer_size", retry=False)
        return data

    def _count(self, path: str, body: bytes, answer: http.client.HTTPResponse, data: bytes) -> None:
        host = len(f"Host: {self._address[0]}:{self._address[1]}\r\n")
        head = len(f"POST {self._base}{path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n")
        self.bytes_up += host + head + len(body)
        self.body_up += len(body)
        lines = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        self.bytes_down += len(f"HTTP/1.1 {answer.status} {answer.reason}\r\n\r\n") + lines + len(data)
        self.requests += 1


def _code(data: bytes) -> str:
    """The ``code`` of the hub's small JSON answer, or a general one."""
    try:
        return str(json.loads(data)["code"])[:60]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "hub_refused"
