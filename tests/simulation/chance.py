"""Randomness that is the same in every run."""

from __future__ import annotations

import random


class SeededIds:
    """The port of randomness, from a name: one name, one sequence."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(name)

    def token(self, size: int) -> bytes:
        """``size`` bytes."""
        return self._random.randbytes(size)
