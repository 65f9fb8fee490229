"""The walk through the sellers' interface in the documentation does what it says, line by line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from cloud.bootstrap import build
from cloud.cli import main
from cloud.kernel.settings import Settings
from sync.kernel import days, ticket
from tests.tooling.tree import ROOT

PAGE = (ROOT / "docs/concepts/sellers.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "cloud/domains/timetable/sample_feed"
WALK = re.search(r"```sh\n(.*?)```", PAGE, re.S)
OPTIONS = {"-X": "method", "-d": "data", "-H": "headers"}


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
    return answer.json


def test_the_walk_of_the_documentation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path), "--json"]
    assert main(["import-gtfs", str(SAMPLE), *data]) == 0
    command = re.search(r"`\./yipiao hub (add-seller .*?)`", PAGE)
    assert command is not None
    assert main([*shlex.split(command[1]), *data]) == 0
    known = {"KEY": re.findall(r'"key": "(\w+)"', capsys.readouterr().out)[0], "HUB": "http://hub"}
    hub = build(Settings(data=tmp_path))
    client = create_app(hub).test_client()
    search, offer, book, fulfill, ask, confirm = lines()
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
