"""What a place met when it looked at trust cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class CardRefused(Event):
    """An inspector was shown a trust card that is no good. ``reason``: one of
    :data:`sync.domains.register.cards.card.REASONS`.

    ``card_no`` and ``subject_no`` are 0 where nothing of the card can be believed; ``mark``: eight bytes that tell one
    shown text from another. ``clock_sure`` False: whether it was expired was not checked.
    """

    TYPE: ClassVar[int] = 85
    reason: str
    card_no: int
    subject_no: int
    mark: bytes
    clerk_no: int
    clock_sure: bool
