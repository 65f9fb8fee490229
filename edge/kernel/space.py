"""Room on the disk. Selling stops while enough is left to board those who have a ticket, to hand the log in, to be seen."""

from __future__ import annotations

import os
from pathlib import Path


class Space:
    """``reserve_bytes`` of the disk that holds ``folder`` are not for selling; 0 asks nothing."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder, self._reserve_bytes = folder, reserve_bytes

    def is_low(self) -> bool:
        """Whether only the reserve is left. A disk that can't be asked says so when it is written to."""
        if not self._reserve_bytes:
            return False
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < self._reserve_bytes
