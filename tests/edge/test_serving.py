"""The web server's loop rests while a thread writes an answer, and sends what the thread could not."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waitress import wasyncore
from waitress.server import create_server

from edge.kernel.serving import web_server
from sync.kernel.serving import give_back, left_out, prepare_process
from tests.bench.process import ROOT, environment

WIDE_BYTES = 40 * 1024 * 1024  # more than waitress lets wait in memory
Make = Callable[..., Any]


def _plain(app: Any, host: str, port: int, threads: int) -> Any:
    return create_server(app, host=host, port=port, threads=threads, ident=None)


def _listeners(server: Any) -> list[Any]:
    held = server.map if hasattr(server, "map") else server._map
    return [one for one in held.values() if hasattr(one, "channel_class")]


@contextmanager
def _serving(make: Make, app: Any, watch: Callable[[Any], None] = lambda channel: None) -> Iterator[int]:
    """A server that answers with ``app`` on a port; ``watch`` is called with the channel at each of its sends."""
    server = make(app, "127.0.0.1", 0, 2)

    class Watched(server.channel_class):  # type: ignore[name-defined]
        def send(self, data: bytes, do_close: bool = True) -> int:
            watch(self)
            return int(super().send(data, do_close=do_close))

    server.channel_class = Watched
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(10)


def _say_hello(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


@pytest.mark.parametrize(("make", "asks"), [(web_server, False), (_plain, True)], ids=["ours", "waitress_alone"])
def test_while_a_thread_sends_an_answer_the_loop_is_not_asked_to(make: Make, asks: bool) -> None:
    loop_asked = []
    with _serving(make, _say_hello, lambda channel: loop_asked.append(bool(channel.writable()))) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for _ in range(3):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hello"
        connection.close()
    assert set(loop_asked) == {asks}


@pytest.mark.parametrize("pieces", [1, 40])
def test_an_answer_larger_than_the_socket_takes_arrives_whole(pieces: int) -> None:
    def wide(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", str(WIDE_BYTES))])
        return iter([b"x" * (WIDE_BYTES // pieces)] * pieces)

    with _serving(web_server, wide) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for _ in range(2):
            connection.request("GET", "/")
            answer, got = connection.getresponse(), 0
            while piece := answer.read(100_000):
                got += len(piece)
            assert got == WIDE_BYTES
        connection.close()


def test_each_address_of_a_name_answers_alike() -> None:
    plain, ours = (make(_say_hello, "localhost", 0, 1) for make in (_plain, web_server))
    try:
        assert len(_listeners(ours)) == len(_listeners(plain)) >= 1
        assert {one.channel_class for one in _listeners(ours)}.isdisjoint(
            {one.channel_class for one in _listeners(plain)}
        )
    finally:
        plain.close()
        ours.close()


def test_what_is_left_out_is_not_there_for_whoever_is_imported_meanwhile_and_there_again_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with left_out("wave"), pytest.raises(ImportError):
        __import__("wave")
    assert __import__("wave").__name__ == "wave"
    with left_out("wave"):
        assert __import__("wave").__name__ == "wave"


def test_a_box_reads_no_yaml() -> None:
    code = (
        "import sys, edge.cli as cli\nassert 'flask_smorest' not in sys.modules\n"
        "with cli.left_out('yaml'):\n    from kiosk_ui.app import create_app\n"
        "assert 'flask_smorest' in sys.modules and 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), cwd=ROOT, timeout=60)


def test_a_thread_that_reckons_gives_the_others_their_turn_soon() -> None:
    before = sys.getswitchinterval()
    try:
        prepare_process()
        assert sys.getswitchinterval() == pytest.approx(0.001)
        give_back()
    finally:
        sys.setswitchinterval(before)
