"""The benchmarks run and say what they promise. What they measure is nobody's test: a slow machine is no mistake."""

from __future__ import annotations

import json

import pytest

from tests.bench.__main__ import main

COUNTER = {"per_s", "p50_ms", "p99_ms", "limit_per_s", "ratio", "clients", "node_rss_mib"}
OFFICE = {"transactions_per_s", "p50_ms", "p99_ms", "limit_per_s", "ratio", "clerks", "node_rss_mib"}
EXCHANGE = {
    "events_per_s", "end_to_end_events_per_s", "limit_per_s", "ratio", "bytes_per_event", "single_sale_bytes",
    "single_sale_http_bytes",
    "idle_requests", "idle_bytes_up", "idle_bytes_down", "idle_hub_cpu_ms", "node_db_bytes_per_event",
    "raw_bytes_per_event", "node_rss_mib", "hub_rss_mib", "bootstrap_10000_s", "sale_p99_ratio_during_pull",
}  # fmt: skip
SEARCH = {"per_s", "p50_ms", "p99_ms", "feed", "clients", "first_answer_s", "node_rss_mib"}
FLEET = {
    "nodes", "idle_exchanges_per_s", "limit_per_s", "ratio", "p99_ms", "hub_cpu_ms_per_exchange", "sale_exchanges_per_s",
    "sale_p99_ms", "sale_hub_cpu_ms", "hub_rss_mib", "outage_recovery_s", "outage_all_s", "put_off", "put_off_most",
    "longest_turn_s", "longest_past_turn_s", "hung_up",
}  # fmt: skip
PORTAL = {"phones", "p50_ms", "p99_ms", "probe_p99_ms", "joined_p99_ms", "page_bytes", "requests_per_s", "limit_per_s",
          "limit_p99_ms", "ratio", "node_rss_mib"}  # fmt: skip
GROWTH = {"sell_ratio", "board_ratio", "idle_ratio", "hand_in_ratio", "find_ratio", "start_ratio", "events"}
RUNS = {
    "sell": (["--rounds", "1", "--sales", "80"], COUNTER | {"ready_s"}),
    "book": (["--rounds", "1", "--sales", "40", "--riders", "3", "--names"], COUNTER | {"riders", "tickets_per_s", "names"}),
    "board": (["--rounds", "1", "--tickets", "80"], COUNTER),
    "gate": (["--rounds", "1", "--tickets", "80"], COUNTER),
    "exchange": (["--events", "100", "--pulls", "1"], EXCHANGE),
    "search": (["--rounds", "1", "--searches", "40", "--feed", "cloud/domains/timetable/sample_feed"], SEARCH),
    "office": (["--rounds", "1", "--transactions", "100"], OFFICE),
    "portal": (["--phones", "20", "--rounds", "1"], PORTAL),
    "fleet": (["--nodes", "60"], FLEET),
    "growth": (["--events", "3000", "--rounds", "1"], GROWTH),
    "import": (["--feed", "cloud/domains/timetable/sample_feed"], {"stop_times", "seconds", "stop_times_per_s", "peak_mib"}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("name", RUNS)
def test_a_benchmark_ends_with_an_object_of_the_promised_keys(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)
    words, keys = RUNS[name]
    assert main(["sell" if name == "book" else name, *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found) == keys
    assert all(isinstance(value, int | float) for name, value in found.items() if name != "feed")


def test_a_feed_that_is_not_there_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--feed", "no-such-feed.zip"]) == 2
    assert "no-such-feed.zip" in capsys.readouterr().err
