"""The line to the hub: real HTTP on loopback, with a hub that answers oddly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edge.kernel.transport import MAX_ANSWER, HttpTransport
from sync.kernel.errors import Fault
from tests.support.ports import free_port


@contextmanager
def hub(status: int, answer: bytes, raw: bytes | None = None) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that answers every request the same way; ``raw`` replaces the whole answer."""
    heard: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, body))
            if raw is not None:
                self.wfile.write(raw)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/base/", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def post(url: str, body: bytes = b"body") -> bytes:
    return HttpTransport(url, timeout_s=10).post("/sync/v1/exchange", body)


def test_a_body_goes_there_and_another_comes_back() -> None:
    with hub(200, b"answer") as (url, heard):
        assert post(url) == b"answer"
        assert heard == [("/base/sync/v1/exchange", b"body")]


def test_what_crosses_the_line_is_counted() -> None:
    with hub(200, b"a" * 100) as (url, _):
        transport = HttpTransport(url)
        transport.post("/x", b"b" * 50)
        assert 50 < transport.bytes_up < 300
        assert 100 < transport.bytes_down < 400
        assert transport.requests == 1


@pytest.mark.parametrize(
    ("status", "answer", "code", "retry"),
    [
        (422, b'{"code": "exchange_epoch", "message": "no"}', "exchange_epoch", False),
        (429, b'{"code": "slow_down"}', "slow_down", True),
        (503, b'{"code": "box_stopped"}', "box_stopped", True),
        (500, b"<html>", "hub_refused", True),
        (404, b"[1]", "hub_refused", False),
        (400, b'{"code": 5}', "5", False),
        (400, b"\xff\xfe", "hub_refused", False),
        (400, b"[" * 200_000, "hub_refused", False),
        (301, b"", "hub_refused", False),
    ],
)
def test_an_answer_that_is_no_answer_is_a_fault_with_its_code(
    status: int, answer: bytes, code: str, retry: bool
) -> None:
    with hub(status, answer) as (url, _), pytest.raises(Fault) as raised:
        post(url)
    assert (raised.value.code, raised.value.retry) == (code, retry)


@pytest.mark.parametrize(
    "raw", [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_a_line_that_breaks_is_a_hub_that_is_away(raw: bytes) -> None:
    with hub(200, b"", raw) as (url, _), pytest.raises(Fault) as raised:
        post(url)
    assert (raised.value.code, raised.value.retry) == ("hub_away", True)


def test_nobody_there_is_a_hub_that_is_away() -> None:
    with pytest.raises(Fault, match=r".*"):
        post(f"http://127.0.0.1:{free_port()}")


def test_an_answer_above_the_bound_is_not_taken_into_memory() -> None:
    with hub(200, bytes(MAX_ANSWER + 2)) as (url, _), pytest.raises(Fault) as raised:
        post(url)
    assert raised.value.code == "hub_answer_size"
