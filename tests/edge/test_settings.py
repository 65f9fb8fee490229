"""Settings of a node: read once, and anything odd refuses to start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.bootstrap import build
from edge.kernel.settings import Settings, load
from edge.kernel.transport import HttpTransport
from sync.kernel.errors import Fault
from tests.support.nodes import CountingIds, FakeClock


def refused(folder: Path, text: str = "", environment: dict[str, str] | None = None, **given: Any) -> str:
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Fault) as raised:
        load(folder, environment or {}, **given)
    assert (raised.value.code, raised.value.retry) == ("settings", False)
    return str(raised.value)


def test_file_environment_and_command_line_each_stand_over_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('port = 1\nhost = "0.0.0.0"\nthreads = 3\n')
    found = load(tmp_path, {"YIPIAO_NODE_PORT": "2", "YIPIAO_NODE_THREADS": "4", "PATH": "x"}, port=3, host=None)
    assert (found.port, found.threads, found.host) == (3, 4, "0.0.0.0")
    assert load(tmp_path / "none", {}) == Settings(data=tmp_path / "none")


def test_nothing_changes_settings_afterwards(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(tmp_path, {}).port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "line",
    [
        "prot = 8100", 'port = "eighty"', "port = -1", "port = 65536", "port = true", "port = 80.5", "mqtt_port = 70000",
        "threads = 0", "exchange_every_s = 0", "hold_minutes = 0", "threads = 5000", "host = 5", "host = []", 'host = ""',
        "port =", "port = 1\nport = 2", 'port = ""', 'port = "８１００"', "[port]", 'hub_url = "ftp://hub"',
        'hub_url = "hub:8000"', 'gateway_url = "pay"', 'gateway_merchant_no = ""',
        "gateway_key_file = 1", 'gate_device = "Gate One"',
    ],
)  # fmt: skip
def test_an_odd_value_refuses_to_start_and_is_named(tmp_path: Path, line: str) -> None:
    said = refused(tmp_path, line)
    assert line.split(" ")[0].strip("[]") in said or "settings.toml" in said


def test_an_odd_value_in_the_environment_refuses_to_start(tmp_path: Path) -> None:
    assert "'prot'" in refused(tmp_path, environment={"YIPIAO_NODE_PROT": "1"})
    assert "threads" in refused(tmp_path, environment={"YIPIAO_NODE_THREADS": ""})
    assert "port" in refused(tmp_path, port=-5)


def test_a_settings_file_that_is_no_text_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Fault, match=r"settings\.toml"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    "url", ["hub", "ftp://hub/", "http://", "https:///x", "//hub", "http://hub:0x50/", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Fault, match="hub_url"):
        HttpTransport(url)


def test_the_key_of_a_box_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    first = build(settings, FakeClock(), CountingIds(1)).signer.public
    assert build(settings, FakeClock(), CountingIds(2)).signer.public == first
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert settings.key_file.read_bytes() not in settings.database.read_bytes()
    assert not settings.key_file.with_suffix(".new").exists()


def test_a_key_that_is_damaged_is_named_and_never_replaced(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    build(settings, FakeClock(), CountingIds(1))
    settings.key_file.write_bytes(b"short")
    with pytest.raises(Fault, match=r"node\.key"):
        build(settings, FakeClock(), CountingIds(2))
    assert settings.key_file.read_bytes() == b"short"
