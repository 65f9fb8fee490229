"""For which causes a ticket gets a new paper."""

from __future__ import annotations

from typing import Final

from sync.kernel.errors import Refusal

CAUSES: Final = ("damaged", "lost")
# Who lost a ticket has to show whose it was, which no ticket without a name can tell.
OFFERED: Final = CAUSES[:1]


def cause_index(name: str) -> int:
    """Index of a cause among CAUSES. Raises :class:`Refusal` ``reissue_cause`` for one that is not offered."""
    if name not in OFFERED:
        raise Refusal("reissue_cause", status=422, field="cause")
    return CAUSES.index(name)


def reissue_rule(cause: str) -> str:
    """What stands as the rule of the old ticket's refund."""
    return f"reissue/{cause}"
