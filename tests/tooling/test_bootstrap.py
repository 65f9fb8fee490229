"""`yipiao`, the script: a fresh checkout becomes a working one, and a broken set-up never counts as done."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tests.tooling.tree import ROOT


class Stop(Exception):
    """Ends a set-up as a power cut would."""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a checkout of its own, with steps that only write down that they ran."""
    loader = SourceFileLoader("yipiao_script", str(ROOT / "yipiao"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    locks, venv = tmp_path / "lock", tmp_path / ".venv"
    locks.mkdir()
    for name in ("run", "test"):
        (locks / f"{name}.txt").write_text(f"{name}==1\n", encoding="utf-8")
    for name, value in {"LOCKS": locks, "VENV": venv, "PYTHON": venv / "bin" / "python"}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "STAMP", venv / "stamp.json")
    monkeypatch.setattr(module, "DIRTY", venv / "unfinished")
    module.ran = []  # type: ignore[attr-defined]

    def make_venv() -> None:
        module.ran.append("venv")
        module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        module.PYTHON.touch()
        module.DIRTY.touch()

    monkeypatch.setattr(module, "make_venv", make_venv)
    monkeypatch.setattr(module, "install", module.ran.append)
    return module


def test_a_fresh_checkout_is_set_up_once(script: ModuleType) -> None:
    script.set_up(("run",))
    script.set_up(("run",))
    assert script.ran == ["venv", "run"]


def test_tests_add_their_packages_to_what_is_there(script: ModuleType) -> None:
    script.set_up(("run",))
    script.set_up(("run", "test"))
    script.set_up(("run",))
    assert script.ran == ["venv", "run", "test"]


def test_a_changed_lock_file_is_installed_again(script: ModuleType) -> None:
    script.set_up(("run", "test"))
    (script.LOCKS / "test.txt").write_text("test==2\n", encoding="utf-8")
    script.set_up(("run", "test"))
    assert script.ran == ["venv", "run", "test", "test"]


def test_another_python_makes_another_environment(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    script.set_up(("run",))
    monkeypatch.setattr(script.platform, "python_version", lambda: "3.99.0")
    script.set_up(("run",))
    assert script.ran == ["venv", "run", "venv", "run"]


def test_a_set_up_that_was_cut_off_starts_anew(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(name: str) -> None:
        raise Stop

    script.set_up(("run",))
    with monkeypatch.context() as patch:
        patch.setattr(script, "install", cut)
        with pytest.raises(Stop):
            script.set_up(("run", "test"))
    script.set_up(("run", "test"))
    assert script.ran == ["venv", "run", "venv", "run", "test"]


def test_two_at_once_set_up_once(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(name: str) -> None:
        script.ran.append(name)
        time.sleep(0.2)

    monkeypatch.setattr(script, "install", slowly)
    both = [threading.Thread(target=script.set_up, args=(("run",),)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert script.ran == ["venv", "run"]


def test_without_ensurepip_a_user_is_told_the_one_command(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as ended:
        script.require_venv_module()
    assert ended.value.code == 2
    assert "apt-get install" in capsys.readouterr().err


def test_a_command_runs_in_the_folder_of_its_user(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    handed: dict[str, object] = {}

    def execve(path: Path, words: list[str], environment: dict[str, str]) -> None:
        handed.update(words=words, root=environment["PYTHONPATH"], cwd=Path.cwd())
        raise Stop

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Stop):
        script.main(["ticket", "verify", "Y1:A"])
    assert handed["words"] == [str(script.PYTHON), "-m", "edge.cli", "ticket", "verify", "Y1:A"]
    assert handed["root"] == str(ROOT)
    assert handed["cwd"] == tmp_path


def test_the_script_lists_its_commands_from_anywhere(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "yipiao")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for command in ("demo", "node", "ticket", "hub", "bridge", "bench", "check", "test"):
        assert f"./yipiao {command}" in told.stdout


def test_an_unknown_command_is_named(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["sell"]) == 2
    assert "'sell'" in capsys.readouterr().err
    assert script.ran == []


def test_every_command_has_its_module(script: ModuleType) -> None:
    modules = {command.module for command in script.COMMANDS.values()}
    missing = sorted(module for module in modules if not can_be_run(module))
    assert missing == []


def can_be_run(module: str) -> bool:
    """Whether `python -m` finds it: a module, or a package with a `__main__`."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    is_package = spec is not None and spec.submodule_search_locations is not None
    return can_be_run(f"{module}.__main__") if is_package else spec is not None
