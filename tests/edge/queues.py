"""A queue of the scribe that a test can wait for."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any


class Full(deque):
    """A queue that tells when so many wait in it."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.wanted, self.reached = wanted, threading.Event()

    def append(self, item: Any) -> None:
        super().append(item)
        if len(self) >= self.wanted:
            self.reached.set()
