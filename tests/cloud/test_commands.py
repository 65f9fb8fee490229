"""The hub's commands, and the hub as a process of its own."""

from __future__ import annotations

import http.client
import json
import signal
import sys
from collections.abc import Callable
from datetime import date as calendar_date
from pathlib import Path
from typing import Any

import pytest

from cloud.bootstrap import build
from cloud.cli import main
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.domains.timetable.service import dated_trips_at
from cloud.kernel.settings import Settings
from cloud.kernel.system import SystemClock
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel import enrolment, exchange
from sync.kernel.days import DAY_MS, date_of, day_at, day_of
from sync.kernel.keys import Ed25519Signer
from tests.cloud.world import Box, TestClock
from tests.support.children import start_child, stop_child
from tests.support.ports import free_port, wait_for_port
from tests.tooling.tree import ROOT

SAMPLE = ROOT / "cloud" / "domains" / "timetable" / "sample_feed"
Hub = Callable[..., Any]


@pytest.fixture
def hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Hub:
    """Run a command on one hub: its JSON, or its exit code when that is not 0."""

    def run(*words: str) -> Any:
        code = main([*words, "--data", str(tmp_path / "hub"), "--json"])
        said = capsys.readouterr()
        return json.loads(said.out.splitlines()[-1]) if code == 0 else (code, said.out, said.err)

    return run


def test_a_day_on_the_command_line(hub: Hub, tmp_path: Path) -> None:
    counts = hub("import-gtfs", str(SAMPLE))
    assert counts["routes"] == 5 and counts["seconds"] > 0 and counts["peak_mib"] > 10
    assert hub("import-gtfs", str(SAMPLE))["unchanged"] is True
    made = hub("add-node", "zq", "--kind", "station", "--stop", "1", "--label", "zh-Hans=肇庆", "--label", "en=ZQ")
    assert made["node_no"] == 1 and enrolment.secret_of(made["code"])
    assert hub("code", "zq")["code"] != made["code"]
    assert hub("add-clerk", "Li", "--node", "zq", "--pin", "24680")["pin"] == "24680"
    assert hub("add-admin", "Wang")["passphrase"]
    hub("add-node", "bus", "--kind", "vehicle")
    state = hub("status")
    assert [node["name"] for node in state["nodes"]] == ["zq", "bus"] and state["events"] == 0
    assert hub("quarantine")["quarantined"] == []
    assert hub("rebuild", "--check")["differing"] == []
    assert main(["status", "--data", str(tmp_path / "hub")]) == 0


def test_seats_on_the_command_line(hub: Hub, tmp_path: Path) -> None:
    hub("import-gtfs", str(SAMPLE))
    code = hub("add-node", "zq", "--kind", "station", "--stop", "1")["code"]
    built = build(Settings(tmp_path / "hub"))
    box = Box(built, 1, code, "zq").enrol()
    with built.database.read() as tx:
        now = built.clock.wall_ms()
        trip_no, day, _, _ = dated_trips_at(tx, [1], now + 3_600_000, now + 90_000_000, 1)[0]
    built.close()
    date = date_of(day).isoformat()
    made = hub("grant", "zq", str(trip_no), date, "2")
    assert made["grant_id"] > 0 and (made.get("seats") or made.get("places"))
    code, _, err = hub("release-at-risk", str(made["grant_id"]), "1", "--reason", "test")
    assert code == 1 and "grant_not_suspect" in err
    hub("add-node", "bus", "--kind", "vehicle")
    assert hub("duty", "bus", str(trip_no), date, "粤A 1")["trip_no"] == trip_no
    assert hub("revoke", "zq", "--reason", "lost")["revoked"]
    assert hub("release-at-risk", str(made["grant_id"]), "1", "--reason", "test")["released"] == 1
    assert hub("status")["nodes"][0]["status"] == "revoked"
    assert box.node_no == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["code", "nobody"], 1, "node_unknown"),
        (["duty", "nobody", "1", "tomorrow"], 2, "YYYY-MM-DD"),
        (["add-node", "x", "--kind", "spaceport"], 2, "spaceport"),
        (["add-node", "x", "--kind", "pier", "--stop", "77"], 2, "no stop 77"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(hub: Hub, words: list[str], code: int, said: str) -> None:
    if words[0] == "duty":
        hub("add-node", "nobody", "--kind", "vehicle")
    found, _, err = hub(*words)
    assert found == code and said in err and "Traceback" not in err


def test_a_bad_feed_names_file_line_and_field_and_changes_nothing(hub: Hub, tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    feed.mkdir()
    for file in SAMPLE.glob("*.txt"):
        (feed / file.name).write_bytes(file.read_bytes())
    (feed / "stops.txt").write_text("stop_id,stop_name,stop_lat,stop_lon\nA,Somewhere,95,113\n", encoding="utf-8")
    code, out, _ = hub("import-gtfs", str(feed))
    errors = json.loads(out.splitlines()[-1])["errors"]
    assert code == 1
    assert {"file": "stops.txt", "line": 2, "field": "stop_lat", "value": "95"}.items() <= next(
        error for error in errors if error["file"] == "stops.txt"
    ).items()
    assert hub("status")["position"] == 1


@pytest.mark.processes
def test_the_hub_serves_and_stops_when_told(hub: Hub, tmp_path: Path) -> None:
    code = hub("add-node", "zq", "--kind", "station")["code"]
    port = free_port()
    words = [sys.executable, "-m", "cloud.cli", "run", "--data", str(tmp_path / "hub"), "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = start_child(words, output=log, cwd=ROOT)
        try:
            wait_for_port(port)
            secret, signer = enrolment.secret_of(code), Ed25519Signer(bytes(32))
            status, head, body = post(port, enrolment.PATH, enrolment.encode_request(secret, signer.public))
            assert status == 200
            welcome = enrolment.decode_welcome(body, secret, signer.public)
            request = exchange.Request(welcome.epoch, 1, 1, bytes(32), (), 1, {}, {})
            for _ in range(3):  # the first ones bring operations
                data = exchange.encode_request(request, signer)
                status, head, body = post(port, exchange.PATH, data)
                found = exchange.decode_response(body, data, lambda _kid: _key(tmp_path))
                request = exchange.Request(1, 2, 1, bytes(32), (), found.floor, found.exceptions, {})
            assert not found.operations and not found.more
            assert head + len(body) < 400, (head, len(body))
            stop_child(process, number=signal.SIGTERM)
            assert process.returncode == 0
        finally:
            stop_child(process)
    assert b"Traceback" not in (tmp_path / "log").read_bytes()
    assert hub("status")["nodes"][0]["last_contact_ms"] is not None


def _key(tmp_path: Path) -> Any:
    return Ed25519Signer((tmp_path / "hub" / "hub.key").read_bytes()).verify_key


def post(port: int, path: str, data: bytes) -> tuple[int, int, bytes]:
    """Status, bytes of the head, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, data, {"Content-Type": "application/cbor"})
        answer = connection.getresponse()
        head = len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(a) + len(b) + 4 for a, b in answer.getheaders())
        return answer.status, head, answer.read()
    finally:
        connection.close()


RULES = """
name = "gd"
source = "notice no. 17"
from_day = 2099-07-01
currency = "CNY"
rounding_minor = 10
limit_minor = 50000
band = [{ minutes_before = 120, fee_per_mille = 100, least_fee_minor = 50 }]
"""


FARES = """
name = "gd"
source = "notice no. 18"
from_day = 2099-07-01
currency = "CNY"
rounding_minor = 10
concession = [{ rider = "blind", share_per_mille = 0, services = ["ferry"], proofs = ["disability_card"] }]
extra = [{ code = "luggage", price_minor = 500, names = { en = "Luggage" } }]
"""


def test_fare_rules_are_published_from_a_file_and_never_for_the_past(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "fares.toml"
    path.write_text(FARES, encoding="utf-8")
    made = hub("fare-rules", str(path))
    assert made["key"] == f"ruleset/fare/all/{day_of(calendar_date(2099, 7, 1))}" and made["pos"] > 0
    for wrong, right, said in (("2099", "2021", "refund_rules_past"), ("name = \"gd\"", "", "fares.toml"),
                               ("share_per_mille = 0", "share_per_mille = 2000", "fare_rules_odd")):  # fmt: skip
        path.write_text(FARES.replace(wrong, right), encoding="utf-8")
        code, _, err = hub("fare-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err


def test_refund_rules_are_published_from_a_file_and_never_for_the_past(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    made = hub("refund-rules", str(path))
    assert made["key"] == f"ruleset/refund/all/{day_of(calendar_date(2099, 7, 1))}" and made["pos"] > 0
    for wrong, said in (("2099", "refund_rules_past"), ("name = ", "rules.toml")):
        path.write_text(RULES.replace(wrong, "2021" if wrong == "2099" else "nome = "), encoding="utf-8")
        code, _, err = hub("refund-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err


REBOOK_RULES = """
name = "js-2018"
source = "notice of a province, 2018"
from_day = 2099-07-01
operator_no = 3
cutoff_minutes = 30
most_times = 2
free_times = 1
fee_per_mille = 50
same_line = true
same_class = true
refundable = false
"""


def test_rules_for_rebooking_are_published_from_a_file(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(REBOOK_RULES, encoding="utf-8")
    made = hub("rebook-rules", str(path))
    assert made["key"] == f"ruleset/rebook/3/{day_of(calendar_date(2099, 7, 1))}" and made["pos"] > 0
    for wrong, instead, said in (("2099", "2021", "refund_rules_past"), ("true", "1", "rules.toml"),
                                 ("most_times = 2", "most_times = 200", "rebook_rules_odd")):  # fmt: skip
        path.write_text(REBOOK_RULES.replace(wrong, instead), encoding="utf-8")
        code, _, err = hub("rebook-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err


OFFICE = """
name = "gd"
source = "notice no. 18"
from_day = 2099-07-01
place_no = 3
shift_required = true
currency = "CNY"
difference_limit_minor = 500
"""


def test_office_rules_are_published_from_a_file_and_never_for_the_past(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    path.write_text(OFFICE, encoding="utf-8")
    assert hub("office-rules", str(path))["key"] == f"office/3/{day_of(calendar_date(2099, 7, 1))}"
    wrong = (("2099", "2021", "office_rules_past"), ("name = ", "nome = ", "office.toml"),
             ('"CNY"', '"yuan"', "office_rules_odd"), ("true", '"yes"', "office.toml"))  # fmt: skip
    for old, new, said in wrong:
        path.write_text(OFFICE.replace(old, new), encoding="utf-8")
        code, _, err = hub("office-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err, (new, err)


GATES = """
name = "gd-2026"
source = "handbook of the operator"
from_day = 2099-07-01
code_age_s = 30
code_ahead_s = 30
unsigned = "refused"
"""


def test_gate_rules_are_published_from_a_file_and_never_for_the_past(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(GATES, encoding="utf-8")
    assert hub("gate-rules", str(path))["key"] == f"gate/all/{day_of(calendar_date(2099, 7, 1))}"
    wrong = (("2099", "2021", "gate_rules_past"), ("name = ", "nome = ", "gates.toml"),
             ('"refused"', '"green"', "gate_rules_odd"), ("= 30", "= 3", "gate_rules_odd"))  # fmt: skip
    for old, new, said in wrong:
        path.write_text(GATES.replace(old, new), encoding="utf-8")
        code, _, err = hub("gate-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err, (new, err)


def test_a_trip_is_cancelled_delayed_and_restored_by_command(hub: Hub) -> None:
    feed = str(ROOT / "cloud/domains/timetable/sample_feed")
    hub("import-gtfs", feed)
    day = str(calendar_date(2026, 7, 20))
    for command in (
        ("delay-trip", "1", day, "20", "--reason", "fog"),
        ("cancel-trip", "1", day, "--reason", "typhoon"),
    ):
        made = hub(*command)
        assert made["trip_no"] == 1 and made["kind"] in ("delayed", "cancelled") and made["places_told"] == 0
    assert hub("restore-trip", "1", day)["day"] == day
    code, _, err = hub("restore-trip", "1", day)
    assert code == 1 and "disruption_none" in err


def test_another_vehicle_is_sent_by_command(hub: Hub) -> None:
    hub("import-gtfs", str(ROOT / "cloud/domains/timetable/sample_feed"))
    day = str(calendar_date(2026, 7, 20))
    code, _, err = hub("change-vehicle", "1", day, "nothing", "--reason", "breakdown")
    assert code == 1 and "vehicle_unknown" in err
    made = hub("change-vehicle", "1", day, "minibus-19", "--reason", "breakdown")
    assert made == {"trip_no": 1, "day": day, "plan": "minibus-19", "places_told": 0, "moved": 0, "unseated": []}


REAL_NAMES = """
name = "gd"
source = "notice no. 19"
from_day = 2099-07-01
demanded = true
route_types = [202, 204]
keep_days = 400
"""


def test_rules_on_names_are_published_from_a_file_and_bring_the_keys_along(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text(REAL_NAMES, encoding="utf-8")
    made = hub("realname-rules", str(path))
    assert made["key"] == f"ruleset/realname/all/{day_of(calendar_date(2099, 7, 1))}" and made["pos"] > 0
    for wrong, right, said in (("2099", "2021", "refund_rules_past"), ("demanded", "wanted", "names.toml"),
                               ("400", "364", "realname_rules_odd")):  # fmt: skip
        path.write_text(REAL_NAMES.replace(wrong, right), encoding="utf-8")
        code, _, err = hub("realname-rules", str(path))
        assert code in (1, 2) and said in err and "Traceback" not in err
    done = hub("erase-identities", "--dry-run")
    assert done == {"due": [], "erased": [], "dry_run": True}, "months to come are due in years"
    assert hub("erase-identities")["erased"] == []


def test_a_month_whose_time_of_keeping_is_over_is_erased_by_command(hub: Hub, tmp_path: Path) -> None:
    clock = TestClock()
    clock.now_ms = SystemClock().wall_ms() - 800 * DAY_MS
    then = day_at(clock.now_ms, "UTC")
    made = build(Settings(data=tmp_path / "hub"), clock)
    with made.database.write() as tx:
        publish_real_name_rules(tx, RealNameRules("gd", "notice no. 19", then, None, True, (), (202,), 400), then)
        made.sealing.provide(tx)
        periods = [one.period for one in made.sealing.periods(tx)]
    made.close()
    due = hub("erase-identities", "--dry-run")
    named = [one["period"] for one in due["due"]]
    assert named and set(named) <= set(periods) and min(periods) in named and due["erased"] == []
    assert sorted(hub("erase-identities")["erased"]) == sorted(named)
    assert hub("erase-identities")["due"] == []


def test_clearance_rules_are_published_from_the_file_that_the_manual_shows_and_never_for_the_past(
    hub: Hub, tmp_path: Path
) -> None:
    manual = (ROOT / "docs/operating/departures.md").read_text(encoding="utf-8")
    shown = manual.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "rules.toml"
    path.write_text(shown.replace("2027-01-01", "2099-07-01"), encoding="utf-8")
    assert hub("clearance-rules", str(path))["key"] == f"clearance-rules/{day_of(calendar_date(2099, 7, 1))}"
    path.write_text(shown.replace("2027-01-01", "2021-01-01"), encoding="utf-8")
    code, _, err = hub("clearance-rules", str(path))
    assert code == 1 and "clearance_rules_past" in err
