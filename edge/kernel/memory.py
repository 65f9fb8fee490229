"""Facts that change only when the hub speaks: read once from reference tables and ``meta``, then kept in memory.

Nothing of a state table may stand here: a sale changes those, and does not make this forget.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

T = TypeVar("T")
MAX_FACTS: Final = 8_000


class Memory:
    """Key → fact, until :meth:`forget`, which the scribe calls after every commit that may have changed one.

    Each :meth:`forget` begins a new dict. So a look-up that read before the commit and is late to remember writes into
    the old dict, where nobody finds it. For the same reason a fact is read as it was committed, never inside the
    writer's open transaction.
    """

    def __init__(self) -> None:
        self._facts: dict[Hashable, Any] = {}

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """The fact under ``key``; ``read`` finds it the first time. What it raises, and None, are not kept."""
        facts = self._facts
        found = facts.get(key)
        if found is None:
            found = read()
            if len(facts) >= MAX_FACTS:
                facts.clear()
            if found is not None:
                facts[key] = found
        return found

    def forget(self) -> None:
        """Something that stood here may be different now."""
        self._facts = {}
