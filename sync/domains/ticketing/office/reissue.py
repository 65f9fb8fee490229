"""For which causes a ticket gets a new paper."""

from __future__ import annotations

from typing import Final

from sync.kernel.errors import Refusal

# Who lost a ticket shows the document that it was sold to: one without a name is not made good again.
DAMAGED, LOST = "damaged", "lost"
CAUSES: Final = (DAMAGED, LOST)


def cause_index(name: str) -> int:
    """Index of a cause among CAUSES. Raises :class:`Refusal` ``reissue_cause``."""
    if name not in CAUSES:
        raise Refusal("reissue_cause", status=422, field="cause")
    return CAUSES.index(name)


def reissue_rule(cause: str) -> str:
    """What stands as the rule of the old ticket's refund."""
    return f"reissue/{cause}"
