"""A person at a node, over HTTP: what the story's clerks, inspectors and passengers can do."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from typing import Any


class Refused(Exception):
    """The node said no, with a code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code = status, code


class Away(Exception):
    """The node did not answer: nobody knows whether it did what was asked."""


class Client:
    """One keep-alive connection to a node, for one call at a time; ``token`` after :meth:`sign_in`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None
        self._token = ""
        self._busy = threading.Lock()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises :class:`Refused` or :class:`Away`."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        with self._busy:
            status, content = self._exchange(method, path, data, headers)
        value = json.loads(content) if content else None
        if status >= 400:
            said = value if isinstance(value, dict) else {}
            raise Refused(status, said.get("code", "?"), said.get("message", ""))
        return value

    def _exchange(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Away(type(error).__name__) from None

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def sign_in(self, clerk_no: int, pin: str) -> None:
        """Sign in as a clerk."""
        self._token = self.call("POST", "/api/v1/sessions", {"clerk_no": clerk_no, "pin": pin})["token"]

    def sell(
        self, trip_no: int, day: str, from_idx: int, to_idx: int, key: str = "", seat: int | None = None,
        document: dict[str, str] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Sell a ride; the ticket."""
        body = {"trip_no": trip_no, "day": day, "from_idx": from_idx, "to_idx": to_idx, "key": key or uuid.uuid4().hex}
        body |= {} if seat is None else {"seat": seat}
        body |= {} if document is None else {"document": document}
        found: dict[str, Any] = self.call("POST", "/api/v1/tickets", body)
        return found

    def book(self, legs: list[tuple[int, str, int, int]], riders: list[dict[str, str]]) -> list[dict[str, Any]]:
        """Sell several riders and legs by one booking; its tickets."""
        names = ("trip_no", "day", "from_idx", "to_idx")
        body = {"legs": [dict(zip(names, leg, strict=True)) for leg in legs], "riders": riders, "key": uuid.uuid4().hex}
        found: list[dict[str, Any]] = self.call("POST", "/api/v1/bookings", body)["tickets"]
        return found

    def refund(self, number: str, reason: str) -> dict[str, Any]:
        """Ask what giving a ticket back costs, and take that offer; the ticket with its refund."""
        path = f"/api/v1/tickets/{number}/refund"
        fee_minor = self.call("GET", f"{path}?reason={reason}")["fee_minor"]
        body = {"reason": reason, "fee_minor": fee_minor, "key": uuid.uuid4().hex}
        found: dict[str, Any] = self.call("POST", path, body)
        return found

    def rebook(self, number: str, ride: tuple[int, str, int, int]) -> dict[str, Any]:
        """Exchange a ticket for another ride at what that costs; the new ticket."""
        trip_no, day, from_idx, to_idx = ride
        path = f"/api/v1/tickets/{number}/rebooking"
        offer = self.call("GET", f"{path}?trip_no={trip_no}&day={day}&from_idx={from_idx}&to_idx={to_idx}")
        body = {"trip_no": trip_no, "day": day, "from_idx": from_idx, "to_idx": to_idx}
        found: dict[str, Any] = self.call(
            "POST", path, body | {"due_minor": offer["due_minor"], "key": uuid.uuid4().hex}
        )
        return found

    def reissue(self, number: str) -> dict[str, Any]:
        """A new paper for a torn one; the new ticket."""
        body = {"cause": "damaged", "key": uuid.uuid4().hex}
        found: dict[str, Any] = self.call("POST", f"/api/v1/tickets/{number}/reissue", body)
        return found

    def open_shift(self, currency: str, float_minor: int) -> int:
        """Open a shift; its number."""
        body = {"float": [{"currency": currency, "amount_minor": float_minor}]}
        return int(self.call("POST", "/api/v1/shifts", body)["shift_no"])

    def close_shift(self, shift_no: int, counted_minor: dict[str, int]) -> dict[str, Any]:
        """Close a shift with the cash that was counted by currency; its slip."""
        counted = [{"currency": currency, "amount_minor": minor} for currency, minor in counted_minor.items()]
        found: dict[str, Any] = self.call("POST", f"/api/v1/shifts/{shift_no}/close", {"counted": counted})
        return found

    def check(self, code: str, trip_no: int, day: str, gate: str = "page") -> dict[str, Any]:
        """Check a code at the gate; the verdict."""
        body = {"code": code, "trip_no": trip_no, "day": day, "gate": gate}
        found: dict[str, Any] = self.call("POST", "/api/v1/boarding/checks", body)
        return found

    def rate(self, ticket: str, level: int, tags: list[str], comment: str) -> None:
        """Rate with the whole code."""
        self.call("POST", "/api/v1/ratings", {"ticket": ticket, "level": level, "tags": tags, "comment": comment})

    def status(self) -> dict[str, Any]:
        """How the node is."""
        found: dict[str, Any] = self.call("GET", "/api/v1/status")
        return found
