"""Skips of tests that need what a machine may lack; the summary of the run names each with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shared import shared_data


def shared_file(name: str) -> Path:
    """One file of the shared data; the test is skipped, and named in the summary, where it is absent."""
    path = shared_data() / name
    if not path.exists():
        pytest.skip(f"shared data absent: {name}")
    return path
