"""What a bridge tells the world beside MQTT: one JSON object a line on standard output."""

from __future__ import annotations

import contextlib
import json
import sys


def say(event: str, **fields: object) -> None:
    """Write one line. Nobody listening any more is no reason for a gate to stop."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
