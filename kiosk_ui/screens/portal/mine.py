"""The ticket that a phone showed: kept in its own cookie, nowhere on the box."""

from __future__ import annotations

from flask import session

KEY = "my_ticket"


def mine() -> tuple[str, str] | None:
    """Its code (or number) and short code; None before one was shown."""
    kept = session.get(KEY)
    return (kept[0], kept[1]) if isinstance(kept, list) and len(kept) == 2 else None
