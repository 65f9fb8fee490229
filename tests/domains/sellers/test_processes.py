"""Two hub processes on one database sell the last seats of a coach to a crowd, each seat once."""

from __future__ import annotations

import http.client
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cloud.bootstrap import Hub, build
from cloud.domains.ticketing.tables import ticket
from cloud.domains.timetable import service as timetable
from cloud.domains.timetable.gtfs import compile_feed
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import nodes, rebuild
from cloud.kernel.settings import Settings
from cloud.kernel.tables import event_log, quarantine
from sync.kernel import chain, days
from tests.support.children import start_child, stop_child
from tests.support.ports import free_port, wait_for_port
from tests.tooling.tree import ROOT

SAMPLE = ROOT / "cloud/domains/timetable/sample_feed"
BUYERS = 6
SEATS = 45


class Buyer:
    """Buys two places at a time, each booking at the other process, until there is none."""

    def __init__(self, number: int, ports: list[int], key: str, offer_id: str) -> None:
        self.number, self.ports, self.offer_id, self.count = number, ports, offer_id, 0
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.tickets: list[str] = []
        self.wrong: list[Any] = []

    def run(self) -> None:
        try:
            while self._buy(2) or self._buy(1):
                pass
        except BaseException as error:
            self.wrong.append(error)

    def _buy(self, places: int) -> bool:
        self.count += 1
        status, said = self._ask("/bookings", {"offers": [{"offer_id": self.offer_id}] * places}, "book")
        if status == 409 and said["code"] == "no_seat":
            return False
        path = f"/bookings/{said['booking_id']}/fulfillments"
        status, said = self._ask(path, None, "sell")
        again = self._ask(path, None, "sell")
        if (status, said) != again:
            self.wrong.append((said, again))
        self.tickets += [one["text"] for one in said]
        return True

    def _ask(self, path: str, body: Any, what: str) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.ports[self.count % len(self.ports)], timeout=60)
        headers = self.headers | {"Idempotency-Key": f"{what}-{self.number}-{self.count:04d}"}
        line.request("POST", f"/sellers/v1{path}", None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        said = json.loads(answer.read())
        line.close()
        if answer.status not in (201, 409):
            self.wrong.append((answer.status, said))
        return answer.status, said


def prepare(hub: Hub) -> tuple[str, str]:
    """A timetable and a seller: its key, and the offer that everybody wants."""
    now_ms = hub.clock.wall_ms()
    import_feed(hub.database, compile_feed(SAMPLE), now_ms=now_ms, source="sample_feed")
    with hub.database.write() as tx:
        number = hub.sellers.add(tx, "Bamboo", 10_000_000, 50)
        key = hub.sellers.new_key(tx, number, "test", ("read", "sell"))
        stops = {found.feed_id: found.stop_no for found in timetable.search_stops(tx, "", "en", 100)}
        day = days.day_at(now_ms, "Asia/Shanghai") + 2
        found = hub.offers.search(tx, [stops["ZQ_COACH"]], [stops["GM"]], day, 1, "en")
    assert found[0].left == SEATS
    return key, found[0].offer_id


@pytest.mark.processes
def test_two_processes_never_sell_a_seat_twice(hub_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "hub", database=hub_database_url, grant_hours=0)
    hub = build(settings)
    key, offer_id = prepare(hub)
    ports = [free_port(), free_port()]
    words = [sys.executable, "-m", "cloud.cli", "run", "--data", str(tmp_path / "hub"), "--database", hub_database_url]
    with (tmp_path / "log").open("wb") as log:
        children = [start_child([*words, "--port", str(port)], output=log, cwd=ROOT) for port in ports]
        try:
            for port in ports:
                wait_for_port(port)
            buyers = [Buyer(number, ports, key, offer_id) for number in range(BUYERS)]
            threads = [threading.Thread(target=buyer.run) for buyer in buyers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for child in children:
                stop_child(child)
    assert [wrong for buyer in buyers for wrong in buyer.wrong] == []
    texts = [text for buyer in buyers for text in buyer.tickets]
    assert len(texts) == len(set(texts)) == SEATS
    with hub.database.read() as tx:
        own = nodes.own(tx)
        seats = [row.seat for row in tx.execute(ticket.select())]
        log_rows = tx.execute(event_log.select().order_by(event_log.c.seq)).all()
        assert tx.execute(quarantine.select()).all() == []
    assert own is not None and {row.node_no for row in log_rows} == {own.node_no}
    assert sorted(seats) == list(range(1, SEATS + 1))
    previous = chain.GENESIS
    for row in log_rows:
        previous = chain.link(previous, bytes(row.bytes))
        assert previous == bytes(row.hash)
    assert rebuild.rebuild(hub.database, hub.fold, keep=False).differing == []
    hub.close()
