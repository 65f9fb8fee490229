"""The walk through the sellers' interface in the documentation does what it says, line by line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from cloud.bootstrap import build
from cloud.cli import main
from cloud.kernel.audit import audit_entry
from cloud.kernel.settings import Settings
from papers import fonts
from sync.kernel import days, ticket
from tests.support.pdf import Pdf
from tests.tooling.tree import ROOT

PAGE = (ROOT / "docs/concepts/sellers.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "cloud/domains/timetable/sample_feed"
WALK = re.search(r"```sh\n(.*?)```", PAGE, re.S)
OPTIONS = {"-X": "method", "-d": "data", "-H": "headers", "-o": "file"}


def lines() -> list[list[str]]:
    assert WALK is not None
    return [shlex.split(line) for line in WALK[1].replace("\\\n", "").splitlines() if line.strip()]


def send(client: FlaskClient, words: list[str], known: dict[str, str]) -> Any:
    """What curl would send, by its own options; words in capitals are filled in."""
    filled = [
        re.sub(r"\$?\b[A-Z]{2,}\b", lambda found: known.get(found[0].strip("$"), found[0]), word) for word in words
    ]
    assert filled[:2] == ["curl", "-s"]
    said: dict[str, list[str]] = {name: [] for name in OPTIONS.values()}
    rest = filled[2:]
    while rest[0] in OPTIONS:
        said[OPTIONS[rest[0]]].append(rest[1])
        rest = rest[2:]
    (url,) = rest
    headers = dict(header.split(": ", 1) for header in said["headers"])
    data = said["data"][0] if said["data"] else None
    method = said["method"][0] if said["method"] else "GET" if data is None else "POST"
    answer = client.open(url.removeprefix("http://hub"), method=method, headers=headers, data=data)
    assert answer.status_code in (200, 201), answer.text
    return answer.json if answer.is_json else answer.data


def test_the_walk_of_the_documentation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path), "--json"]
    assert main(["import-gtfs", str(SAMPLE), *data]) == 0
    command = re.search(r"`\./yipiao hub (add-seller .*?)`", PAGE)
    assert command is not None
    assert main([*shlex.split(command[1]), *data]) == 0
    known = {"KEY": re.findall(r'"key": "(\w+)"', capsys.readouterr().out)[0], "HUB": "http://hub"}
    hub = build(Settings(data=tmp_path))
    client = create_app(hub).test_client()
    search, offer, book, fulfill, file, ask, confirm = lines()
    known["DATE"] = days.date_of(days.day_at(hub.clock.wall_ms(), "Asia/Shanghai") + 3).isoformat()

    def places(words: str) -> dict[str, str]:
        found = send(client, [word.replace("Zhaoqing", words) for word in search], known)
        return {place["name"]: str(place["place_id"]) for place in found}

    known["FROM"], known["TO"] = places("Zhaoqing")["Zhaoqing Xinghu Coach Station"], min(places("Taishan").values())
    offered = send(client, offer, known)
    known["OFFER"] = offered[0]["offer_id"]
    booked = send(client, book, known)
    known["BOOKING"] = booked["booking_id"]
    (issued,) = send(client, fulfill, known)
    assert ticket.parse(issued["text"]).claims.ticket_id.number == issued["number"]
    if fonts.find(""):
        assert issued["number"] in Pdf(send(client, file, known)).text
    (refundable,) = send(client, ask, known)
    known["REFUND"] = refundable["refund_offer_id"]
    assert send(client, confirm, known)["items"][0]["refunded_minor"] == refundable["refunded_minor"]
    hub.close()
    assert main(["sellers", *data]) == 0
    assert f'"owed_minor": {{"CNY": {refundable["fee_minor"]}}}' in capsys.readouterr().out
    assert main(["rebuild", "--check", *data]) == 0


def test_sellers_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path), "--json"]
    assert main(["add-seller", "Bamboo", "--limit", "50.5", "--commission", "30", *data]) == 0
    assert main(["seller-key", "1", "--label", "app", "--scope", "read", *data]) == 0
    name = re.findall(r'"name": "(\w{12})"', capsys.readouterr().out)[-1]
    assert main(["seller-key", "1", "--end", name, *data]) == 0
    assert name not in capsys.readouterr().out
    assert main(["seller-paid", "1", "12.5", "--reference", "slip 1", *data]) == 0
    assert main(["seller-paid", *data, "1", "--", "-2"]) == 0
    assert main(["sellers", *data]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert '"limit_minor": 5050' in said and '"owed_minor": {"CNY": -1050}' in said
    for words in (
        ["add-seller", "Bamboo"],
        ["seller-key", "9"],
        ["seller-paid", "1", "0"],
        ["add-seller", "x", "--commission", "1001"],
    ):
        assert main([*words, *data]) == 1
    assert "already" in capsys.readouterr().err


def test_the_operator_gives_back_above_the_limit_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sold over HTTP, refused to the seller, given back by the command: on the account, and once."""
    data = ["--data", str(tmp_path), "--json"]

    def run(*words: str) -> Any:
        code = main([*words, *data])
        said = capsys.readouterr()
        return json.loads(said.out.splitlines()[-1]) if code == 0 else (code, said.err)

    run("import-gtfs", str(SAMPLE))
    key = run("add-seller", "Bamboo", "--limit", "5000", "--commission", "50")["key"]
    rules = tmp_path / "rules.toml"
    hub = build(Settings(data=tmp_path))
    with hub.database.read() as tx:
        today = days.date_of(hub.offers.today(tx)).isoformat()
    hub.close()
    rules.write_text(
        f'name = "strict"\nsource = "a notice"\nfrom_day = {today}\ncurrency = "CNY"\nrounding_minor = 10\nlimit_minor = 100\n'
        "band = [{ minutes_before = 0, fee_per_mille = 200, least_fee_minor = 100 }]\n",
        encoding="utf-8",
    )
    assert run("refund-rules", str(rules))["pos"] > 0
    hub = build(Settings(data=tmp_path))
    client = create_app(hub).test_client()

    def ask(path: str, body: Any = None, status: int = 201) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"walk{len(path)}-{path}"[-80:]}
        answer = client.post(f"/sellers/v1{path}", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json

    with hub.database.read() as tx:
        from_no = hub.offers.place(tx, "Zhaoqing Xinghu Coach Station", "en").stop_nos[0]
        to_no = hub.offers.place(tx, "Taishan Coach Station", "en").stop_nos[0]
        date = days.date_of(hub.offers.today(tx) + 3).isoformat()
    (offer, *_) = ask("/offers", {"from_place": from_no, "to_place": to_no, "date": date}, 200)
    booking_id = ask("/bookings", {"offers": [{"offer_id": offer["offer_id"]}]})["booking_id"]
    ask(f"/bookings/{booking_id}/fulfillments")
    refused = ask(f"/bookings/{booking_id}/refund-offers", status=409)
    assert refused["code"] == "refund_by_operator"
    hub.close()
    assert run("refund-booking", booking_id, "7", "--reason", "ill")[0] == 1, "there is no such place"
    done = run("refund-booking", booking_id, "0", "--reason", "fell ill, looked at the papers")
    price, fee = offer["price_minor"], max(100, offer["price_minor"] // 5 // 10 * 10)
    assert (done["fee_minor"], done["refunded_minor"], done["rule"]) == (fee, price - fee, "strict/0")
    code, said = run("refund-booking", booking_id, "0", "--reason", "again")
    assert code == 1 and "refund_done" in said
    (seller,) = run("sellers")["sellers"]
    assert seller["owed_minor"] == {"CNY": fee}
    hub = build(Settings(data=tmp_path))
    with hub.database.read() as tx:
        (act,) = [dict(row._mapping) for row in tx.execute(audit_entry.select()) if row.act == "booking_refunded"]
    hub.close()
    assert "fell ill" in str(act)
    assert run("quarantine")["quarantined"] == [] and run("rebuild", "--check")["differing"] == []
