"""One process at a time writes a node's log: its end is kept in memory, and a second writer would fork it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from sync.kernel.errors import Fault


@contextlib.contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the folder of a node for this process; the system lets go however it ends.

    Raises :class:`Fault` (``node_running``) while another process holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fault("node_running", f"another process serves {data}") from None
        yield
    finally:
        os.close(handle)
