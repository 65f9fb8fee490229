"""Five hundred named travellers, and not one of their numbers or names in any file, log, page, address, code or message.

All numbers share a run of digits that no mask shows, all names a run of letters: who finds neither finds none of them.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard
from flask import Flask

from cloud.app import create_app as create_hub_app
from cloud.bootstrap import Hub
from cloud.bootstrap import build as build_hub
from cloud.domains.ticketing import service as tickets
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.domains.timetable import service as timetable
from cloud.domains.timetable.gtfs import compile_feed
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import nodes
from cloud.kernel.accounts import Accounts
from cloud.kernel.clerks import Clerks
from cloud.kernel.rebuild import rebuild
from cloud.kernel.settings import Settings as HubSettings
from edge.bootstrap import Node
from edge.bootstrap import build as build_node
from edge.kernel.compaction import Compaction
from edge.kernel.enrolment import enrol
from edge.kernel.settings import Settings
from kiosk_ui.app import create_app
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel import days, documents, seal
from sync.kernel.errors import Fault, Refusal
from tests.cloud.world import TestClock, TestIds
from tests.console.world import PASSPHRASE, SAMPLE, TOKEN
from tests.kiosk_ui.person import Person
from tests.support.documents import resident_id
from tests.support.traces import Traces

TRAVELLERS, TOGETHER = 500, 30
# Of every number and name of this test, and of nothing else; longer than anything that a mask leaves.
WORDS = ("010519", "903042", "龘靐齉", "QUETZALCOATL")
NAMES = "赵钱孙李周吴郑王冯陈"
PIN = "2580"


def traveller(which: int) -> dict[str, str]:
    """A document of nobody: a resident's, and every tenth a passport."""
    if which % 10 == 9:
        return {"document_type": "passport", "number": f"EK903042{which:04d}QX", "name": "WOLF QUETZALCOATL"}
    return {"document_type": "resident_id", "number": resident_id(which), "name": NAMES[which % 10] + "龘靐齉"}


@dataclass
class Ear:
    """Hears everything that an application is asked and answers: addresses, headers, bodies of answers."""

    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def on(self, app: Flask, name: str) -> Flask:
        inner = app.wsgi_app

        def heard(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            address = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
            said: list[str] = []

            def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                said.append(f"{status} {headers}")
                return start(status, headers, *more)

            body = b"".join(inner(environ, started))
            self.heard += [(f"{name} address", address.encode()), (f"{name} headers", "".join(said).encode())]
            self.heard.append((f"{name} {address}", body))
            return [body]

        app.wsgi_app = heard  # type: ignore[method-assign, assignment]
        return app


@dataclass
class Line:
    """From a node straight to the hub's application; every message is kept."""

    app: Flask
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> bytes:
        answer = self.app.test_client().post(path, data=body)
        self.said += [(f"up {path}", body), (f"down {path}", answer.data)]
        if answer.status_code != 200:
            raise Fault("hub_refused", answer.text)
        return answer.data


@dataclass
class Network:
    """A hub and a pier's box in folders of their own, and a clerk at its counter."""

    hub: Hub
    hub_app: Flask
    node: Node
    node_app: Flask
    line: Line
    ear: Ear
    log: io.StringIO
    clerk_no: int
    rides: list[tuple[int, int, int]]
    printed: list[str] = field(default_factory=list)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    log = io.StringIO()
    handler, root = logging.StreamHandler(log), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    made = build(tmp_path, log)
    try:
        yield made
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        made.hub.close()
        made.node.database.close()


def build(folder: Path, log: io.StringIO) -> Network:
    clock, ear = TestClock(), Ear()
    hub = build_hub(HubSettings(data=folder / "hub", grant_hours=0), clock, TestIds("hub"))
    import_feed(hub.database, compile_feed(SAMPLE), now_ms=clock.now_ms, source="sample_feed")
    today = days.day_at(clock.now_ms, "Asia/Shanghai")
    hub_app = ear.on(create_hub_app(hub), "hub")
    with hub.database.write() as tx:
        stops = [stop.stop_no for stop in timetable.search_stops(tx, "", "en", 1_000)]
        node_no = hub.nodes.add(tx, "pier", "pier", stops, {"en": "pier"})
        code = hub.enrolment.new_code(tx, node_no)
        clerk_no, _ = Clerks(clock, hub.ids).add(tx, "陈晓", ["clerk"], [node_no], PIN)
        publish_real_name_rules(tx, RealNameRules("gd", "a notice", today, None, True, (), (), 365), today)
        hub.sealing.provide(tx)
    line = Line(hub_app)
    node = build_node(Settings(data=folder / "node"), clock, TestIds("node"), line)
    enrol(code, node.signer, line, node.scribe)
    with hub.database.write() as tx:
        rides = grants(hub, tx, node_no, stops, clock.now_ms)
    node.exchange.visit()
    node.exchange.visit()
    return Network(hub, hub_app, node, ear.on(create_app(node), "node"), line, ear, log, clerk_no, rides)


def grants(hub: Hub, tx: Any, node_no: int, stops: list[int], now_ms: int) -> list[tuple[int, int, int]]:
    """Places for everybody on the boats of the next days: (trip, day, places)."""
    found: list[tuple[int, int, int]] = []
    info = nodes.find(tx, node_no)
    for dated in timetable.dated_trips_at(tx, stops, now_ms + 3_600_000, now_ms + 6 * days.DAY_MS, 2_000):
        facts = timetable.trip_facts(tx, dated.trip_no)
        if dated.stop_idx or facts is None or facts.seat_plan_kind != "free":
            continue
        try:
            grant = hub.inventory.grant(tx, info, (dated.trip_no, dated.day), 60)
        except Refusal:
            continue
        found.append((dated.trip_no, dated.day, min((count for _, count in grant.counts), default=0)))
        if sum(places for _, _, places in found) >= TRAVELLERS + 100:
            break
    return found


def places(network: Network) -> Iterator[tuple[int, int]]:
    """(trip, day) of one place after the other."""
    for trip_no, day, count in network.rides:
        yield from [(trip_no, day)] * count


def sell_by_page(clerk: Person, trip_no: int, day: int, which: int) -> str:
    clerk.see(f"/clerk/sell/ride?trip={trip_no}&day={day}&from=0&to=1")
    given = traveller(which)
    shown = {
        "document_type": given["document_type"],
        "document_number": given["number"],
        "document_name": given["name"],
    }
    if which % 10 == 0:
        refused = clerk.send("/clerk/sell", **{**shown, "tendered": "1"})
        assert refused.status == 422, "too little cash: the form comes again"
    page = clerk.send("/clerk/sell", **{**shown, "tendered": ""})
    assert page.path.startswith("/clerk/tickets/"), page.text
    number = page.path.rsplit("/", 1)[1]
    if which % 10 == 9:
        clerk.see(f"/tickets/{number}/print")
    return number


def sell_by_api(network: Network, token: str, trip_no: int, day: int, which: int) -> str:
    ride = {"trip_no": trip_no, "day": days.date_of(day).isoformat(), "from_idx": 0, "to_idx": 1}
    given = traveller(which)
    body = {**ride, "key": f"personal-data-{which}", "document": given}
    client, headers = network.node_app.test_client(), {"Authorization": f"Bearer {token}"}
    if which % 10 == 3:
        good = given["number"]
        bent = {**given, "number": good[:-1] + ("1" if good[-1] == "0" else "0")}
        assert client.post("/api/v1/tickets", json={**body, "document": bent}, headers=headers).status_code == 422
    answer = client.post("/api/v1/tickets", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["number"])


def sell_together(network: Network, token: str, trip_no: int, day: int, people: range) -> list[str]:
    """One booking for several, each with a document of their own; one of them twice is refused, and sells nothing."""
    ride = {"trip_no": trip_no, "day": days.date_of(day).isoformat(), "from_idx": 0, "to_idx": 1}
    riders = [{"document": traveller(which)} for which in people]
    client, headers = network.node_app.test_client(), {"Authorization": f"Bearer {token}"}
    body = {"legs": [ride], "riders": riders, "key": f"personal-data-{people.start}"}
    twice = {**body, "riders": [*riders, riders[0]], "key": f"personal-data-twice-{people.start}"}
    assert client.post("/api/v1/bookings", json=twice, headers=headers).status_code == 409
    answer = client.post("/api/v1/bookings", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return [str(one["number"]) for one in answer.get_json()["tickets"]]


def sell_all(network: Network) -> None:
    """Half over the pages, half over the API, the last ones together; now and then the hub is visited."""
    clerk = Person(network.node_app)
    clerk.sign_in(network.clerk_no, PIN)
    found = network.node.accounts.clerk(network.clerk_no)
    assert found is not None
    token = network.node.accounts.open_session(found)
    for which, (trip_no, day) in zip(range(TRAVELLERS - TOGETHER), places(network), strict=False):
        by_page = which % 4 < 2
        sold = sell_by_page(clerk, trip_no, day, which) if by_page else sell_by_api(network, token, trip_no, day, which)
        network.printed.append(network.node.ticketing.find(sold).text)
        if which % 100 == 99:
            network.node.exchange.visit()
    trip_no, day, _ = network.rides[-1]
    for first in range(TRAVELLERS - TOGETHER, TRAVELLERS, 3):
        sold_now = sell_together(network, token, trip_no, day, range(first, first + 3))
        network.printed += [network.node.ticketing.find(number).text for number in sold_now]
    assert len(network.printed) == TRAVELLERS
    clerk.see("/clerk/takings")
    clerk.see("/clerk")
    clerk.send("/clerk/find", ticket=network.node.ticketing.find(network.printed[0]).number)
    headers = {"Authorization": f"Bearer {token}"}
    network.node_app.test_client().get("/api/v1/takings", headers=headers)


def look_around_the_hub(network: Network) -> None:
    """Whatever the hub shows or hands out: console, audit, API. The one page that may show a document comes last."""
    accounts = Accounts(network.hub.database, network.hub.clock, network.hub.ids)
    once = accounts.add("王敏", "admin", "test")
    client = network.hub_app.test_client()

    def post(path: str, form: str, **data: str) -> Any:
        token = TOKEN.search(client.get(form).text)
        return client.post(path, data={"csrf_token": token[1] if token else "", **data})

    post("/console/sign-in", "/console/sign-in", name="王敏", passphrase=once)
    post("/console/passphrase", "/console/passphrase", old=once, new=PASSPHRASE, repeated=PASSPHRASE)
    post("/console/sign-in", "/console/sign-in", name="王敏", passphrase=PASSPHRASE)
    number = network.node.ticketing.find(network.printed[3]).number
    page = f"/console/travellers?number={number}"
    trip_no, day, _ = network.rides[0]
    for path in ("", "sales", "nodes", "quarantine", "audit", f"trips/{trip_no}/{day}"):
        client.get(f"/console/{path}")
    assert "*" * 8 in client.get(page).text
    heard = len(network.ear.heard)
    revealed = post("/console/travellers", page, number=number, reason="letter 17")
    assert traveller(3)["number"] in revealed.text, "this page shows it: who asked gave a reason"
    del network.ear.heard[heard:]
    assert number in client.get("/console/audit").text, "and the audit says who and why"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_hundred_travellers_leave_no_trace(network: Network, tmp_path: Path) -> None:
    sell_all(network)
    network.node.exchange.visit()
    Compaction(network.node.database, network.node.scribe).run()
    segments = network.node.database.read().execute("SELECT count(*) FROM log_segment").fetchone()[0]
    look_around_the_hub(network)
    with network.hub.database.read() as tx:
        sold = sum(count for count, _ in tickets.totals(tx).values())
        named = sum(one.named for one in network.hub.sealing.periods(tx))
    assert (sold, named) == (TRAVELLERS, TRAVELLERS)
    assert rebuild(network.hub.database, network.hub.fold, keep=False).differing == []
    traces = search(network, tmp_path)
    assert traces.found == []
    assert segments and traces.unpacked >= segments + 8, "segments and messages were looked into"


def search(network: Network, folder: Path) -> Traces:
    traces = Traces(WORDS)
    assert traces.look_into(folder) > 4
    for where, data in [*network.ear.heard, *network.line.said]:
        traces.look(where, data)
    for text in network.printed:
        traces.look_at_code("code", text)
    traces.look("log", network.log.getvalue())
    return traces


def test_the_search_finds_a_number_wherever_it_is_planted(network: Network, tmp_path: Path) -> None:
    """The canary: without it the test above could pass by looking nowhere."""
    number, name = traveller(3)["number"], traveller(3)["name"]
    plants: list[Callable[[], Any]] = [
        lambda: network.node.database.writer.execute("INSERT INTO meta (name, value) VALUES ('canary', ?)", (number,)),
        lambda: (tmp_path / "hub" / "trace.log").write_text(name, encoding="utf-16"),
        lambda: logging.getLogger("edge").info("sold to %s", number),
        lambda: network.ear.heard.append(("page", json.dumps({"name": name}).encode())),
        lambda: network.node_app.test_client().get(f"/kiosk?document={number}"),
        lambda: network.line.said.append(("up", number.encode().hex().encode())),
    ]
    for count, plant in enumerate(plants, 1):
        plant()
        places_found = {re.sub(r" \(unpacked\)| as .*", "", found) for found in search(network, tmp_path).found}
        assert len(places_found) >= count, f"what was planted as number {count} was not found"


@pytest.mark.parametrize("word", WORDS)
def test_every_way_to_write_a_word_is_found(word: str) -> None:
    """Packed, doubly packed, coded, cut into base64 at any place."""
    zstd = zstandard.ZstdCompressor().compress
    text = f"before {word} behind".encode()
    written = [
        text, text.hex().encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), text[::-1], gzip.compress(text),
        zstd(text), b"head" + zstd(b"inside " + gzip.compress(text)), json.dumps(word).encode(),
        *(base64.b64encode(b"x" * shift + text) for shift in range(3)),
        *(base64.urlsafe_b64encode(b"x" * shift + text) for shift in range(3)),
    ]  # fmt: skip
    for data in written:
        traces = Traces(WORDS)
        traces.look("here", data)
        assert traces.found, data
    traces = Traces(WORDS)
    traces.look("here", b"nothing of the kind " * 100)
    assert traces.found == []


def test_three_digits_of_a_word_are_no_trace_of_it() -> None:
    """They come by chance, in the token of a form for one."""
    for part in ("051", "105", "304", "030"):
        for shift in range(3):
            traces = Traces(WORDS)
            traces.look(
                "here", base64.b64encode(b"x" * shift + f'{{"csrf_token": "9f{part}a1{part}77{part}0"}}'.encode())
            )
            assert traces.found == []


def test_the_words_stand_in_every_number_and_name_and_in_no_mask() -> None:
    for which in range(TRAVELLERS):
        given = traveller(which)
        document = documents.read_document(given["document_type"], given["number"], given["name"], None)
        shown = documents.mask(document)
        assert sum(word in document.number for word in WORDS) == 1
        assert sum(word in document.name for word in WORDS) == 1
        assert not any(word in shown.number + shown.name for word in WORDS)


def test_a_mask_that_hides_nothing_is_found(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second canary, in the code itself."""
    clerk = Person(network.node_app)
    clerk.sign_in(network.clerk_no, PIN)
    sell_by_page(clerk, *network.rides[0][:2], 1)
    assert search(network, tmp_path).found == []
    monkeypatch.setattr(documents, "mask", lambda one: documents.Masked(one.document_type, one.number, one.name))
    sell_by_page(clerk, *network.rides[0][:2], 3)
    assert search(network, tmp_path).found


def test_a_document_that_is_not_sealed_is_found(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third: what should be sealed goes into the log as it is, and from there into packed messages."""
    monkeypatch.setattr(seal.Sealer, "seal", lambda _self, plain, _bound: plain)
    clerk = Person(network.node_app)
    clerk.sign_in(network.clerk_no, PIN)
    sell_by_page(clerk, *network.rides[0][:2], 1)
    network.node.exchange.visit()
    Compaction(network.node.database, network.node.scribe).run()
    found = " ".join(search(network, tmp_path).found)
    assert "node.sqlite" in found and "hub.sqlite" in found and "up /sync" in found
