"""The gateway as a process: merchants' questions, the page that a passenger's phone opens, and callbacks beside them."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from firmware_bridges.gateway.books import Books
from firmware_bridges.gateway.desk import FAULTS, Desk
from sync.catalogue import LANGUAGES, Catalogue, load
from sync.domains.payments import rules
from sync.kernel import money
from sync.kernel.errors import Fault

MAX_BODY: Final = 64 * 1024
MOST_TRIES: Final = 8
_PAGE = Template(files("firmware_bridges.gateway").joinpath("pay.html").read_text(encoding="utf-8"))
STATEMENT_HEAD: Final = ("kind", "order_no", "refund_no", "amount_minor", "currency", "at_ms")


class WorldClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Milliseconds that never go back."""
        return time.monotonic_ns() // 1_000_000


class WorldIds:
    """The machine's randomness."""

    def token(self, size: int) -> bytes:
        """``size`` unpredictable bytes."""
        return os.urandom(size)


def read_key(file: Path) -> bytes:
    """The key that merchant and gateway share. Raises :class:`Fault` when it is too short to be one."""
    key = file.read_bytes().strip()
    if len(key) < rules.LEAST_KEY:
        raise Fault("gateway_key", f"{file.name}: at least {rules.LEAST_KEY} characters", retry=False)
    return key


class Courier:
    """Takes callbacks to the merchant until it says that it has them, ``MOST_TRIES`` times at most."""

    def __init__(self, desk: Desk, clock: WorldClock) -> None:
        self._desk, self._books, self._clock = desk, desk.books, clock

    def turn(self) -> int:
        """Every callback that is due; gives the number that came through."""
        now, done = self._clock.wall_ms(), 0
        due = self._books.rows("SELECT number, order_no, tries, way FROM callback WHERE due_ms <= ?", (now,))
        for number, order_no, tries, way in due:
            taken = self._deliver(str(order_no), str(way))
            done += taken
            with self._books.write() as db:
                if taken or int(str(tries)) + 1 >= MOST_TRIES or way == "forged":
                    db.execute("DELETE FROM callback WHERE number = ?", (number,))
                else:
                    wait_ms = 500 << int(str(tries))
                    db.execute(
                        "UPDATE callback SET tries = tries + 1, due_ms = ? WHERE number = ?", (now + wait_ms, number)
                    )
        return done

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``."""
        while not stop.wait(0.1):
            self.turn()

    def _deliver(self, order_no: str, way: str) -> bool:
        found, body = self._books.payment(order_no), self._desk.callback(order_no, way)
        if found is None or body is None or not found.notify_url.startswith(("http://", "https://")):
            return True
        try:
            request = urllib.request.Request(found.notify_url, body, {"Content-Type": "application/json"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310, checked above
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError, ValueError):
            return False


@dataclass(frozen=True)
class Context:
    """What every request needs."""

    desk: Desk
    catalogue: Catalogue


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], context: Context) -> None:
        super().__init__(address, _Handler)
        self.context = context


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing of a payment goes into a log."""

    def do_GET(self) -> None:
        """The passenger's page, the books for whoever tries things, a statement to save."""
        parts = urlsplit(self.path)
        desk = self.server.context.desk
        if parts.path == "/healthz":
            self._send(200, b'{"ok": true}')
        elif parts.path.startswith("/pay/"):
            self._pay_page(parts.path.removeprefix("/pay/"))
        elif parts.path == "/":
            self._send(200, _waiting(desk).encode(), "text/html; charset=utf-8")
        elif parts.path == "/statement.csv":
            asked = parse_qs(parts.query)
            span = [
                int(asked.get(name, [default])[0]) for name, default in (("from_ms", "0"), ("until_ms", str(1 << 52)))
            ]
            self._send(200, _csv(desk.statement(*span)), "text/csv; charset=utf-8")
        else:
            self._send(404, b"{}")

    def do_POST(self) -> None:
        """Merchants, passengers, and who tells it to misbehave."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._send(413, b"{}")
            return
        body, desk = self.rfile.read(length), self.server.context.desk
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            answer = desk.answer(path, body)
            if answer.body is None and answer.status == 200:
                self.close_connection = True  # and not a word
            else:
                self._send(answer.status, answer.body or b"{}")
        elif path.startswith("/pay/"):
            found = desk.books.payment(token=path.removeprefix("/pay/"))
            if found is not None:
                desk.pay(found.order_no)
            self._pay_page(path.removeprefix("/pay/"))
        elif path == "/sandbox/faults":
            self._send(*_tell(desk, body))
        else:
            self._send(404, b"{}")

    def _pay_page(self, token: str) -> None:
        found = self.server.context.desk.books.payment(token=token)
        if found is None:
            self._send(404, b"{}")
            return
        language = _language(parse_qs(urlsplit(self.path).query), self.headers.get("Accept-Language", ""))
        text = self.server.context.catalogue.text
        page = _PAGE.substitute(
            language=language,
            title=text("gateway_title", language),
            note=text("gateway_note", language),
            subject=html.escape(found.subject),
            amount=f"{found.currency} {money.decimal_text(found.amount_minor, found.currency)}"
            if found.currency
            else "",
            state=text(f"gateway_state_{found.state}", language),
            button=f"<button>{text('gateway_pay', language)}</button>" if found.state != rules.PAID else "",
        )
        self._send(200, page.encode(), "text/html; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def _waiting(desk: Desk) -> str:
    """Links to what waits to be paid, for whoever has no phone at hand."""
    query = "SELECT token, subject, order_no FROM payment WHERE state = 'created' ORDER BY rowid DESC LIMIT 20"
    items = [
        f'<li><a href="/pay/{html.escape(str(token))}">{html.escape(f"{subject} {order_no}")}</a></li>'
        for token, subject, order_no in desk.books.rows(query)
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Payments</title><ul>{"".join(items)}</ul></html>'
    )


def _tell(desk: Desk, body: bytes) -> tuple[int, bytes]:
    """Faults by name and number of times, as a JSON object."""
    try:
        told: Any = json.loads(body)
    except ValueError:
        told = None
    fine = isinstance(told, dict) and all(
        name in FAULTS and type(times) is int and 0 <= times <= 1_000_000 for name, times in told.items()
    )
    if not fine:
        return 422, json.dumps({"code": "gateway_fault", "known": FAULTS}).encode()
    desk.books.tell(told)
    return 200, b"{}"


def _csv(lines: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([STATEMENT_HEAD, *lines])
    return out.getvalue().encode()


def _language(asked: dict[str, list[str]], accepted: str) -> str:
    wanted = asked.get("lang", [""])[0]
    if wanted in LANGUAGES:
        return wanted
    hant = any(code in accepted for code in ("zh-Hant", "zh-HK", "zh-TW"))
    return "zh-Hant" if hant else "en" if accepted.startswith("en") else "zh-Hans"


def run_gateway(data: Path, host: str, port: int, merchant_no: str, key: bytes, base_url: str) -> int:
    """Serve until the process is told to end."""
    clock, books = WorldClock(), Books(data)
    desk = Desk(books, clock, WorldIds(), merchant_no, key, base_url or f"http://{host}:{port}")
    server, stop = _Server((host, port), Context(desk, load())), threading.Event()
    courier = threading.Thread(target=Courier(desk, clock).run, args=(stop,), name="courier", daemon=True)
    courier.start()
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        stop.set()
        courier.join(10)
        server.server_close()
        books.close_file()
    return 0
