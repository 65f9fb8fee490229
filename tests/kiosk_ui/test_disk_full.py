"""A full disk, as people meet it: selling stops with words that help, nothing is lost, and it goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from edge.kernel import log
from edge.kernel.scribe import Scribe
from edge.kernel.space import Space
from kiosk_ui.app import create_app
from tests.kiosk_ui.conftest import furnished
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, PIN, TODAY, Bench, make_bench
from tests.support.powercut import PowerDisk, plugged_in

RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"
SALE = {"trip_no": FERRY_TRIP, "day": "2026-11-23", "from_idx": 0, "to_idx": 1, "key": "a-key-of-its-own"}
MORE_THAN_ANY_DISK = 1 << 60
WORDS = {
    "zh-Hans": ("暂停售票", "请不要付款", "自动恢复"),
    "zh-Hant": ("暫停售票", "請不要付款", "自動恢復"),
    "en": ("selling has paused", "do not pay", "goes on by itself"),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerDisk]:
    """A disk that can be filled, for the node of :func:`full`."""
    made = PowerDisk(tmp_path / "station")
    with plugged_in(made):
        yield made
    made.remove()


def order(passenger: Person, seat: int = 3) -> Page:
    passenger.see(f"/kiosk/confirm?{RIDE}&seat={seat}")
    return passenger.send("/kiosk/order")


def sell(clerk: Person) -> Page:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    return clerk.send("/clerk/sell")


def reserve(bench: Bench, size: int) -> None:
    """Another reserve for the running node; the disk itself is the real one."""
    bench.node.scribe._space = Space(bench.node.settings.data, size)


def events(bench: Bench) -> int:
    return log.check_chain(bench.node.database.read())


@pytest.mark.parametrize("language", WORDS)
def test_kiosk_and_counter_say_in_each_language_what_happened_and_what_to_do(
    bench: Bench, passenger: Person, clerk: Person, language: str
) -> None:
    before = events(bench)
    reserve(bench, MORE_THAN_ANY_DISK)
    for found in (passenger.see(f"/kiosk?lang={language}"), clerk.see(f"/clerk?lang={language}")):
        assert found.status == 200
    refused = order(passenger)
    assert [form for form in refused.forms if "/order" in form.action] == [], "nothing is offered that would not go"
    for found in (refused, sell(clerk)):
        assert found.status == 507
        assert all(words in found.text for words in WORDS[language]), found.text
    assert events(bench) == before


def test_with_the_reserve_only_tickets_board_and_the_status_page_says_why(
    bench: Bench, passenger: Person, clerk: Person
) -> None:
    ticket = bench.sell()
    reserve(bench, MORE_THAN_ANY_DISK)
    assert order(passenger).status == 507
    assert bench.node.boarding.check(ticket.text, COACH_TRIP, TODAY, "g1", CLERK_NO).colour == "green"
    found = clerk.see("/status")
    assert "本机存储空间不足" in found.text and "不要动数据文件夹" in found.text
    assert bench.node.fleet.report()["issues"] == ["disk_full"]
    reserve(bench, 1)
    assert order(passenger).path.startswith("/kiosk/order/")
    assert sell(clerk).path.startswith("/clerk/tickets/")
    assert bench.node.fleet.status().issues == ()


def test_a_sale_that_was_made_is_shown_again_with_the_reserve_only(bench: Bench) -> None:
    """Who got no answer asks with the same key; his ticket is there, and needs no room."""
    sold = bench.sell(key="asked-before-it-was-full")
    reserve(bench, MORE_THAN_ANY_DISK)
    assert bench.sell(key="asked-before-it-was-full").number == sold.number


def test_without_the_reserve_selling_would_go_on_to_the_last_byte(
    bench: Bench, clerk: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary."""
    reserve(bench, MORE_THAN_ANY_DISK)
    monkeypatch.setattr(Scribe, "require_room", lambda self: None)
    assert sell(clerk).status == 200


@pytest.mark.parametrize("code", [apsw.SQLITE_FULL, apsw.SQLITE_IOERR_WRITE])
def test_a_write_that_does_not_fit_sells_nothing_and_the_next_one_that_fits_sells(
    disk: PowerDisk, tmp_path: Path, code: int
) -> None:
    bench = furnished(make_bench(tmp_path / "station"))
    app = create_app(bench.node)
    passenger, clerk = Person(app), Person(app)
    clerk.sign_in()
    bench.sell()
    before = events(bench)
    disk.fill(code)
    for _ in range(3):
        assert [order(passenger).status, sell(clerk).status] == [507, 507]
    api = app.test_client()
    token = api.post("/api/v1/sessions", json={"clerk_no": CLERK_NO, "pin": PIN}).get_json()["token"]
    answer = api.post("/api/v1/tickets", json=SALE, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["code"]) == (507, "disk_full")
    assert events(bench) == before and disk.refused > 0
    assert not bench.node.fleet.status().can_sell
    disk.room_bytes = None
    assert order(passenger).path.startswith("/kiosk/order/")
    assert sell(clerk).path.startswith("/clerk/tickets/")
    assert bench.node.fleet.status().can_sell
    assert events(bench) == before + 1


def test_a_box_where_nobody_buys_finds_out_by_itself_that_there_is_room_again(disk: PowerDisk, tmp_path: Path) -> None:
    bench = furnished(make_bench(tmp_path / "station"))
    clerk = Person(create_app(bench.node))
    clerk.sign_in()
    disk.fill()
    assert sell(clerk).status == 507
    bench.node.exchange.visit()
    assert not bench.node.fleet.status().can_sell
    disk.room_bytes = None
    bench.node.exchange.visit()
    assert bench.node.fleet.status().can_sell
