"""The sandbox gateway: its books, its faults, and its process behind a kill -9."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from firmware_bridges.gateway.books import Books
from firmware_bridges.gateway.desk import FAULTS, LATE_MS, Desk
from firmware_bridges.gateway.process import Courier, read_key
from sync.domains.payments import rules
from sync.kernel.errors import Fault, Malformed
from tests.demo.world import Process
from tests.support.nodes import CountingIds, FakeClock
from tests.support.ports import free_port

KEY = b"the key that both ends of a test share"


class Merchant:
    """Asks the gateway as a node does."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder, self.count = FakeClock(), folder, 0
        self.open()

    def open(self) -> None:
        self.desk = Desk(Books(self.folder), self.clock, CountingIds(self.count), "yipiao", KEY, "http://pay.test")

    def ask(self, path: str, kind: str, **fields: Any) -> dict[str, Any]:
        self.count += 1
        nonce = f"n{self.count}"
        asked = {"kind": kind, "merchant_no": "yipiao", "nonce": nonce, **fields}
        answer = self.desk.answer(path, rules.seal(asked, KEY))
        if answer.body is None:
            raise Fault("cut")
        return rules.unseal(answer.body, KEY, f"{kind}_answer", nonce)

    def create(self, order_no: str = "o-1", amount_minor: int = 3000, notify_url: str = "") -> dict[str, Any]:
        return self.ask(rules.CREATE, "create", order_no=order_no, amount_minor=amount_minor, currency="CNY",
                        subject="a ticket", notify_url=notify_url)  # fmt: skip

    def query(self, order_no: str = "o-1") -> str:
        return str(self.ask(rules.QUERY, "query", order_no=order_no)["state"])

    def close(self, order_no: str = "o-1") -> str:
        return str(self.ask(rules.CLOSE, "close", order_no=order_no)["state"])

    def refund(self, refund_no: str, amount_minor: int, order_no: str = "o-1") -> dict[str, Any]:
        return self.ask(rules.REFUND, "refund", order_no=order_no, refund_no=refund_no, amount_minor=amount_minor)


@pytest.fixture
def merchant(tmp_path: Path) -> Merchant:
    return Merchant(tmp_path)


def test_a_payment_asked_for_again_is_the_same_payment(merchant: Merchant) -> None:
    first = merchant.create()
    assert merchant.create() == {**first, "nonce": "n2", "sign": merchant_sign(first, "n2")}
    assert merchant.create(amount_minor=3100)["code"] == "gateway_differs"
    assert merchant.query() == "created"
    assert merchant.query("o-2") == "unknown"


def merchant_sign(message: dict[str, Any], nonce: str) -> str:
    return rules.signature({**message, "nonce": nonce}, KEY)


def test_a_payment_is_paid_once_and_its_refunds_never_exceed_it(merchant: Merchant) -> None:
    merchant.create()
    assert merchant.refund("r-0", 1)["code"] == "gateway_not_paid"
    assert merchant.desk.pay("o-1") == "paid"
    paid_ms = merchant.clock.wall
    merchant.clock.pass_ms(1000)
    assert merchant.desk.pay("o-1") == "paid"
    assert merchant.refund("r-1", 2000)["state"] == "done"
    assert merchant.refund("r-1", 2000)["state"] == "done"
    assert merchant.refund("r-1", 1999)["code"] == "gateway_differs"
    assert merchant.refund("r-2", 1001)["code"] == "gateway_above"
    assert merchant.refund("r-2", 1000)["state"] == "done"
    now = merchant.clock.wall
    assert merchant.desk.statement(0, now + 1) == [
        ["payment", "o-1", "", 3000, "CNY", paid_ms], ["refund", "o-1", "r-1", 2000, "CNY", now],
        ["refund", "o-1", "r-2", 1000, "CNY", now],
    ]  # fmt: skip
    assert merchant.desk.statement(now, now + 1) == merchant.desk.statement(0, now + 1)[1:]


def test_what_was_closed_takes_no_money_even_where_it_was_closed_before_it_was_asked_for(merchant: Merchant) -> None:
    merchant.create()
    assert merchant.close() == "closed"
    assert merchant.desk.pay("o-1") == "closed"
    assert merchant.close("o-2") == "closed"
    assert merchant.create("o-2")["state"] == "closed"
    assert merchant.desk.pay("o-2") == "closed"
    merchant.create("o-3")
    merchant.desk.pay("o-3")
    assert merchant.close("o-3") == "paid"


def test_a_question_that_is_not_the_merchants_own_is_refused(merchant: Merchant) -> None:
    asked = {
        "kind": "create",
        "merchant_no": "yipiao",
        "nonce": "n",
        "order_no": "o-1",
        "amount_minor": 1,
        "currency": "CNY",
    }
    good = rules.seal(asked, KEY)
    for data in (rules.seal(asked, KEY + b"x"), good.replace(b'"amount_minor":1', b'"amount_minor":2'),
                 rules.seal({**asked, "kind": "query"}, KEY), rules.seal({**asked, "merchant_no": "other"}, KEY), b"[", b"{}",
                 rules.seal({**asked, "amount_minor": True}, KEY), rules.seal({**asked, "order_no": ""}, KEY)):  # fmt: skip
        assert merchant.desk.answer(rules.CREATE, data).status == 400
    assert merchant.query() == "unknown"
    assert merchant.desk.answer("/v1/other", good).status == 404


def test_every_fault_strikes_as_often_as_it_was_told(merchant: Merchant) -> None:
    tell = merchant.desk.books.tell
    merchant.create(notify_url="http://box/")
    tell({"down": 1})
    with pytest.raises(Fault, match="cut"):
        merchant.refund("r-1", 1)
    tell({"answer_lost": 1})
    with pytest.raises(Fault, match="cut"):
        merchant.create("o-2")
    assert merchant.query("o-2") == "created", "it did what was asked"
    tell({"answer_forged": 1})
    with pytest.raises(Malformed, match="gateway_signature"):
        merchant.query()
    merchant.close("o-2")
    tell({"paid_closed": 1})
    assert merchant.desk.pay("o-2") == "paid"
    tell({"paid_other": 1})
    merchant.desk.pay("o-1")
    assert merchant.ask(rules.QUERY, "query", order_no="o-1")["paid_minor"] == 2999
    tell({"refund_slow": 1})
    assert [merchant.refund("r-1", 10)["state"] for _ in range(2)] == ["processing", "done"]
    assert merchant.query() == "paid"
    assert set(merchant.desk.books.rows("SELECT times FROM fault")) == {(0,)}


@pytest.mark.parametrize(
    ("faults", "ways"),
    [
        ((), [(0, "good")]),
        (("callback_late",), [(LATE_MS, "good")]),
        (("callback_doubled",), [(0, "good"), (0, "good")]),
        (("callback_lost",), []),
        (("callback_forged",), [(0, "forged"), (0, "good")]),
        (("callback_amount",), [(0, "amount")]),
        (("callback_forged", "callback_lost"), [(0, "forged")]),
    ],
)
def test_callbacks_go_wrong_as_told(merchant: Merchant, faults: tuple[str, ...], ways: list[tuple[int, str]]) -> None:
    assert set(faults) <= set(FAULTS)
    merchant.create(notify_url="http://box/")
    merchant.desk.books.tell(dict.fromkeys(faults, 1))
    merchant.desk.pay("o-1")
    now = merchant.clock.wall
    found = merchant.desk.books.rows("SELECT due_ms, way FROM callback ORDER BY number")
    assert found == [(now + late, way) for late, way in ways]
    for _, way in ways:
        body = merchant.desk.callback("o-1", way) or b""
        if way == "forged":
            with pytest.raises(Malformed, match="gateway_signature"):
                rules.unseal(body, KEY, rules.CALLBACK)
        else:
            said = rules.said_of(rules.unseal(body, KEY, rules.CALLBACK))
            assert rules.meaning(said, 3000, "CNY") == (rules.GOOD if way == "good" else rules.ODD)


class Box(HTTPServer):
    """Where callbacks go: refuses the first ``refusals``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.taken: list[bytes] = []
        self.refusals = 1


class _Taker(BaseHTTPRequestHandler):
    server: Box

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refuse = self.server.refusals > 0
        self.server.refusals -= 1
        if not refuse:
            self.server.taken.append(body)
        self.send_response(503 if refuse else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def box() -> Iterator[Box]:
    server = Box()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_callback_is_brought_again_until_it_is_taken(merchant: Merchant, box: Box) -> None:
    merchant.create(notify_url=f"http://127.0.0.1:{box.server_port}/callback")
    merchant.desk.pay("o-1")
    courier = Courier(merchant.desk, merchant.clock)  # type: ignore[arg-type]
    assert courier.turn() == 0
    assert courier.turn() == 0, "not due again yet"
    merchant.clock.pass_ms(600)
    assert courier.turn() == 1
    assert rules.unseal(box.taken[0], KEY, rules.CALLBACK)["order_no"] == "o-1"
    merchant.clock.pass_ms(600_000)
    assert courier.turn() == 0 and len(box.taken) == 1


def test_a_key_that_is_too_short_refuses_to_start(tmp_path: Path) -> None:
    file = tmp_path / "gateway.key"
    file.write_bytes(b"secret\n")
    with pytest.raises(Fault, match="at least 32"):
        read_key(file)
    file.write_bytes(KEY + b"\n")
    assert read_key(file) == KEY


@pytest.mark.processes
def test_the_process_keeps_its_books_through_a_kill(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["-m", "firmware_bridges.cli", "gateway", "--port", str(port), "--data", str(tmp_path / "books"),
             "--key-file", str(tmp_path / "key")]  # fmt: skip
    process = Process("gateway", words, tmp_path / "gateway.log", f"{url}/healthz")

    def post(path: str, body: bytes) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url + path, body), timeout=10) as answer:
            return bytes(answer.read())

    def ask(path: str, kind: str, **fields: Any) -> dict[str, Any]:
        asked = {"kind": kind, "merchant_no": "yipiao", "nonce": "n", "order_no": "o-1", **fields}
        return rules.unseal(post(path, rules.seal(asked, KEY)), KEY, f"{kind}_answer", "n")

    try:
        process.start()
        process.wait_ready()
        code_url = ask(rules.CREATE, "create", amount_minor=3000, currency="CNY", subject="<b>票</b>")["code_url"]
        process.kill()
        process.start()
        process.wait_ready()
        page = post(code_url.removeprefix(url), b"").decode()
        assert "&lt;b&gt;" in page and "CNY 30.00" in page and "已付款" in page
        process.kill()
        process.start()
        process.wait_ready()
        assert ask(rules.QUERY, "query")["paid_minor"] == 3000
        assert post("/sandbox/faults", json.dumps({"answer_lost": 1}).encode()) == b"{}"
        with pytest.raises(OSError):
            ask(rules.QUERY, "query")
        with urllib.request.urlopen(f"{url}/statement.csv", timeout=10) as answer:
            assert answer.read().decode().splitlines()[1].startswith("payment,o-1,,3000,CNY,")
        with pytest.raises(urllib.error.HTTPError, match="422"):
            post("/sandbox/faults", b'{"laziness": 1}')
    finally:
        process.stop()
