"""`hub reconcile` and its page on the console: a statement from a file, and one that the gateway gives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.cli import main
from cloud.domains.payments import service
from firmware_bridges.gateway.books import Books, Payment
from firmware_bridges.gateway.desk import Desk
from firmware_bridges.gateway.process import Context, _Server
from sync.catalogue import load
from sync.domains.payments.events import PaymentAsked, PaymentTaken
from sync.domains.ticketing.events import MOBILE
from sync.kernel.days import date_of, instant_ms
from tests.cloud.world import DAY, World, new_world
from tests.support.nodes import CountingIds, FakeClock

KEY = b"the key that hub, node and gateway share"
NOON_MS = instant_ms(DAY, 12 * 3600, "Asia/Shanghai")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "hub").mkdir()
    with new_world(f"sqlite:///{tmp_path / 'hub' / 'hub.sqlite'}", tmp_path) as made:
        box = made.box("a")
        made.grant(box, 7, 3)
        box.append(PaymentAsked("p-1", 1, 5000, "CNY", 0))
        box.append(PaymentTaken("p-1", "G1", 5000, "CNY", 1, NOON_MS))
        box.sell(7, 1, payment=MOBILE)
        box.visit()
        yield made


def reconcile(world: World, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    day = date_of(DAY).isoformat()
    code = main(["reconcile", "--day", day, "--data", str(world.hub.settings.data), "--json", *words])
    lines = capsys.readouterr().out.strip().splitlines()
    return code, json.loads(lines[-1]) if lines else {}


def test_a_file_that_agrees_and_one_that_does_not(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "statement.csv"
    file.write_text(",".join(service.HEAD) + f"\npayment,p-1,,5000,CNY,{NOON_MS}\n")
    code, found = reconcile(world, capsys, "--statement", str(file))
    assert (code, found["payments"], found["fen_difference"], found["differences"]) == (0, 1, 0, [])
    file.write_text(f"payment,p-1,,4990,CNY,{NOON_MS}\npayment,p-2,,70,CNY,{NOON_MS}\n")
    code, found = reconcile(world, capsys, "--statement", str(file))
    assert (code, found["fen_difference"]) == (1, 80)
    assert [one["code"] for one in found["differences"]] == ["amount_differs", "not_asked"]
    with world.hub.database.read() as tx:
        assert [row.found["fen_difference"] for row in service.comparisons(tx)] == [80, 0]


def test_the_gateway_is_asked_and_its_answer_verified(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock(NOON_MS)
    desk = Desk(Books(tmp_path / "gateway"), clock, CountingIds(1), "yipiao", KEY, "http://pay.test")
    desk.books.create(Payment("p-1", "G1", "t", 5000, "CNY", "", "", "created", 0, 0))
    desk.pay("p-1")
    server = _Server(("127.0.0.1", 0), Context(desk, load()))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    (tmp_path / "key").write_bytes(KEY)
    words = ("--gateway", f"http://127.0.0.1:{server.server_port}", "--key-file", str(tmp_path / "key"))
    try:
        code, found = reconcile(world, capsys, *words)
        assert (code, found["payments"], found["differences"]) == (0, 1, [])
        desk.books.tell({"answer_forged": 1})
        assert reconcile(world, capsys, *words) == (1, {})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert reconcile(world, capsys, *words) == (1, {}), "a gateway that is away compares nothing"


@pytest.mark.parametrize("words", [(), ("--gateway", "http://x"), ("--statement", "nowhere.csv")])
def test_a_call_that_says_no_statement_is_wrong(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert reconcile(world, capsys, *words) == (2, {})
