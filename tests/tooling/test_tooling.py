"""`check` and `test` themselves: a failing step fails the whole, and a missing package is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.tooling import check, debian, suite
from tests.tooling.tree import ROOT, files


def test_a_step_that_fails_says_how_to_run_it_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = check.Step("good", [sys.executable, "-c", ""], "holds")
    bad = check.Step("bad", [sys.executable, "-c", "print('the reason'); raise SystemExit(1)"], "does not")
    monkeypatch.setattr(check, "steps", lambda: [good, bad])
    assert check.main([]) == 1
    told = capsys.readouterr().out
    assert "the reason" in told and "./yipiao check bad" in told and "failed: bad" in told
    assert check.main(["good"]) == 0


def test_a_step_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        check.main(["spelling"])
    assert ended.value.code == 2


def test_the_package_list_reads() -> None:
    packages = debian.wanted(debian.LIST.read_text(encoding="utf-8"))
    assert {"chromium", "postgresql", "mosquitto", "fonts-noto-cjk"} <= set(packages)
    assert all(packages.values()), "a package without a sign is never seen as missing"


def test_a_user_is_told_the_one_command_for_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = tmp_path / "list"
    listed.write_text("# comment\nno-such-package  /no/such/*/file\npython3  python3\n", encoding="utf-8")
    monkeypatch.setattr(debian, "LIST", listed)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian.missing() == ["no-such-package"]
    assert suite.main([]) == 2
    assert "apt-get install -y --no-install-recommends no-such-package" in capsys.readouterr().err


def test_paths_mean_what_they_say_from_any_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(__file__)
    monkeypatch.chdir(here.parent)
    assert suite.located(f"{here.name}::test_x") == f"{here}::test_x"
    assert suite.located("tests/conftest.py") == str(ROOT / "tests" / "conftest.py")
    assert suite.located("-k") == "-k"


def test_caches_and_the_environment_are_not_files_of_the_project() -> None:
    tops = {path.parts[0] for path in files()}
    assert "yipiao" in tops
    assert not tops & {".venv", ".git", ".mypy_cache", ".ruff_cache"}
