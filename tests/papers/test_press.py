"""The press is bounded: in time, in number, in what it is told. Whoever sells is never kept waiting for a paper."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from papers import press as module
from papers import sheets
from papers.press import DRAWER, Press
from papers.sheets import A6, Job
from sync.kernel.errors import Refusal

JOB = Job(((sheets.title("票"),),), A6, "zh-Hans", "票")
HANGS = (sys.executable, "-c", "import signal; signal.pause()")


@pytest.fixture
def some_font(tmp_path: Path) -> str:
    path = tmp_path / "font.ttf"
    path.write_bytes(b"not read by these drawers")
    return str(path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that the press starts."""
    found: list[subprocess.Popen[bytes]] = []

    class Seen(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            found.append(self)

    monkeypatch.setattr(module.subprocess, "Popen", Seen)
    return found


def test_one_that_hangs_is_cut_off_and_leaves_its_place(some_font: str, started: list[subprocess.Popen[bytes]]) -> None:
    press = Press(some_font, threads=4, drawer=HANGS, seconds=0.2)
    for _ in range(2):
        with pytest.raises(Refusal, match="pdf_failed"), press.turn() as make:
            make(JOB)
    assert [process.returncode for process in started] == [-signal.SIGKILL] * 2


@pytest.mark.parametrize(
    "drawer",
    [
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "print('no PDF at all')"),
        DRAWER,  # of a font that is none
    ],
)
def test_one_that_fails_is_told_as_such_and_says_nothing_of_the_ticket(
    some_font: str, drawer: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    press = Press(some_font, threads=4, drawer=drawer)
    with pytest.raises(Refusal, match="pdf_failed"), press.turn() as make:
        make(Job(((sheets.title("张三 4401"),),), A6, "zh-Hans", "票"))
    assert caplog.messages and "张三" not in caplog.text and "4401" not in caplog.text


@pytest.mark.parametrize(("threads", "places"), [(2, 1), (4, 1), (7, 1), (8, 2), (64, 2)])
def test_so_many_at_once_and_the_next_is_told_at_once(some_font: str, threads: int, places: int) -> None:
    press = Press(some_font, threads)
    turns = [press.turn() for _ in range(places)]
    for turn in turns:
        turn.__enter__()
    with pytest.raises(Refusal, match="pdf_busy"), press.turn():
        pass
    turns[0].__exit__(None, None, None)
    with press.turn():
        pass


def test_nothing_is_offered_without_a_font_or_where_one_thread_does_it_all(some_font: str, tmp_path: Path) -> None:
    for press, code in ((Press(str(tmp_path / "none.ttc"), 8), "pdf_no_font"), (Press(some_font, 1), "pdf_no_thread")):
        assert press.lack == code
        with pytest.raises(Refusal, match=code), press.turn():
            pass
    assert not Press(some_font, 8).lack


def test_the_process_learns_no_setting(some_font: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIPIAO_NODE_GATEWAY_KEY", "secret")
    shows = "import os,sys; sys.stdout.write('%PDF-' + ' '.join(os.environ))"
    with Press(some_font, 8, drawer=(sys.executable, "-c", shows)).turn() as make:
        assert b"YIPIAO" not in make(JOB)


def test_a_process_that_serves_loads_no_library_of_the_drawing() -> None:
    loads = "import sys; import cloud.app, kiosk_ui.app; print(sorted({'fpdf', 'fontTools'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
