"""The real feeds and vectors, which lie beside the checkout and are not part of it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.tooling.tree import ROOT


def shared_data() -> Path:
    """Where the shared data would lie: in YIPIAO_SHARED, else in `shared` beside the checkout."""
    return Path(os.environ.get("YIPIAO_SHARED") or ROOT.parent / "shared").resolve() / "data"
