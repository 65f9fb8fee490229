"""The press: draws a PDF in a process of its own, few at a time and for a bounded time. Nothing is written on disk.

A font for Chinese takes some hundred megabytes for a second; a box that sells has neither to spare for long. So the process
that serves never loads one, what is drawn comes through a pipe, and whoever asks while the press is busy is told so at
once: of the threads that also sell, a few at most ever wait here.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from papers import fonts
from papers.sheets import Job, encode
from sync.kernel.errors import Refusal

log = logging.getLogger("papers")

SECONDS: Final = 30.0
MOST_AT_ONCE: Final = 2
THREADS_EACH: Final = 4
DRAWER: Final = (sys.executable, "-m", "papers.drawing")
_ROOT: Final = Path(__file__).resolve().parents[1]
# Settings hold keys: the process is told nothing of them.
_ENVIRONMENT: Final = {"PYTHONUTF8": "1"}
_SAID: Final = 200

Make = Callable[[Job], bytes]


class Press:
    """One a process. ``font``: the setting; ``threads``: how many answer requests here."""

    def __init__(self, font: str, threads: int, drawer: Sequence[str] = DRAWER, seconds: float = SECONDS) -> None:
        self._font, self._drawer, self._seconds = font, tuple(drawer), seconds
        # A server of one thread would sell nothing while it waits.
        places = max(min(MOST_AT_ONCE, threads // THREADS_EACH), 1) if threads > 1 else 0
        self._alone = not places
        self._places = threading.BoundedSemaphore(places) if places else threading.Semaphore(0)

    @property
    def lack(self) -> str:
        """Why nothing can be drawn here, a key of the catalogue; empty where it can."""
        if self._alone:
            return "pdf_no_thread"
        return "" if fonts.find(self._font) else "pdf_no_font"

    @property
    def font(self) -> str:
        """The file of the font, empty for none."""
        return fonts.find(self._font)

    @contextmanager
    def turn(self) -> Iterator[Make]:
        """A place at the press, taken before anything is written down about a paper.

        Raises :class:`Refusal`: ``pdf_no_font``, ``pdf_no_thread``, ``pdf_busy``, and from what it gives ``pdf_failed``.
        """
        if self.lack:
            raise Refusal(self.lack, status=503)
        if not self._places.acquire(blocking=False):
            raise Refusal("pdf_busy", status=503)
        try:
            yield self._make
        finally:
            self._places.release()

    def draw(self, job: Job) -> bytes:
        """The PDF of what is written down nowhere. Raises as :meth:`turn` does."""
        with self.turn() as make:
            return make(job)

    def _make(self, job: Job) -> bytes:
        """The PDF. Raises :class:`Refusal` ``pdf_failed`` when the process fails or takes too long."""
        with subprocess.Popen(
            self._drawer, cwd=_ROOT, env=_ENVIRONMENT, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                made, said = process.communicate(encode(job, self.font), self._seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                log.warning("a PDF took more than %g s and was cut off", self._seconds)
                raise Refusal("pdf_failed", status=503) from None
            except BaseException:
                process.kill()
                raise
        if process.returncode or not made.startswith(b"%PDF-"):
            log.warning("a PDF failed (%d): %s", process.returncode, said[-_SAID:].decode(errors="replace").strip())
            raise Refusal("pdf_failed", status=503)
        return made
