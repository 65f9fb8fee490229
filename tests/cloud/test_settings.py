"""Settings are read once; what is unknown or odd refuses to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.kernel.settings import Settings, load
from cloud.kernel.system import SystemIds, hub_signer
from sync.kernel.errors import Refusal


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("port = 1\nthreads = 2\nhost = '0.0.0.0'\n")
    found = load(tmp_path, {"YIPIAO_HUB_PORT": "3", "YIPIAO_HUB_THREADS": "4", "HOME": "/"}, port=5, host=None)
    assert (found.port, found.threads, found.host) == (5, 4, "0.0.0.0")
    assert load(tmp_path, {}).database_url == f"sqlite:///{tmp_path / 'hub.sqlite'}"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("postgresql://hub:word@db/hub\n")
    found = load(tmp_path, {"YIPIAO_HUB_DATABASE_FILE": str(tmp_path / "secret")})
    assert found.database_url == "postgresql://hub:word@db/hub"


@pytest.mark.parametrize(
    ("name", "value"),
    [("POTR", "1"), ("PORT", "x"), ("PORT", "-1"), ("PORT", "70000"), ("THREADS", "1.5"), ("THREADS", "0"),
     ("SHARE_PERCENT", "101"), ("PORT", ""), ("DATABASE_FILE", "/nowhere"), ("DATABASE", "mysql://x/y")],
)  # fmt: skip
def test_an_odd_setting_refuses_to_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Refusal, match="settings"):
        load(tmp_path, {f"YIPIAO_HUB_{name}": value})


def test_a_broken_file_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("port = = 1")
    with pytest.raises(Refusal, match="settings"):
        load(tmp_path, {})
    assert Settings(tmp_path).port == 8600


def test_the_hubs_key_is_made_once_and_for_nobody_elses_eyes(tmp_path: Path) -> None:
    first = hub_signer(tmp_path, SystemIds())
    assert hub_signer(tmp_path, SystemIds()).kid == first.kid
    key = tmp_path / "hub.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(Refusal, match="settings"):
        hub_signer(tmp_path, SystemIds())
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(Refusal, match="settings"):
        hub_signer(tmp_path, SystemIds())
