"""What counts as a rating: five levels, tags from a list, a bounded comment."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sync.kernel.errors import Refusal

LEVELS = (1, 2, 3, 4, 5)
MAX_COMMENT = 500
TAGS = ("clean", "on_time", "safe_driving", "friendly", "late", "dirty", "unsafe_driving", "rude", "crowded", "no_belt")


def check_level(level: int) -> int:
    """``level`` if it is one of the five. Raises :class:`Refusal` ``rating_level``."""
    if level not in LEVELS:
        raise Refusal("rating_level", status=422, field="level")
    return level


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Distinct known tags in the list's order. Raises :class:`Refusal` ``rating_tag``."""
    chosen = set(tags)
    if not chosen <= set(TAGS):
        raise Refusal("rating_tag", status=422, field="tags")
    return tuple(tag for tag in TAGS if tag in chosen)


def clean_comment(text: str) -> str:
    """The comment without control characters, NFC, trimmed. Raises :class:`Refusal` ``rating_comment_long``."""
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Co"))
    kept = kept.strip()
    if len(kept) > MAX_COMMENT:
        raise Refusal("rating_comment_long", status=422, field="comment", most=MAX_COMMENT)
    return kept
