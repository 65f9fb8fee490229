"""Processes that tests start: they never outlive the test run, however it ends."""

from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1


def _die_with_parent(number: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)

    return before_exec


def start_child(
    words: list[str],
    *,
    output: IO[bytes] | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that gets `last_signal` when the thread that started it is gone.

    Output goes to the open file, or nowhere. `user` changes to another account, for root only.
    """
    options: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_die_with_parent(last_signal),
        **options,
    )


def stop_child(process: subprocess.Popen[bytes], seconds: float = 10.0, number: int = signal.SIGTERM) -> None:
    """End one process that `start_child` started: politely, then not."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
