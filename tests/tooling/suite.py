"""`./yipiao test [pytest's own words…]`: what the tests need, then every test on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.tooling import debian
from tests.tooling.tree import ROOT

WORKERS = "2"


def located(word: str) -> str:
    """A path among the user's words, made absolute: pytest itself runs at the root."""
    path, separator, rest = word.partition("::")
    if word.startswith("-"):
        return word
    for base in (Path.cwd(), ROOT):
        if (base / path).exists():
            return str((base / path).resolve()) + separator + rest
    return word


def main(argv: list[str]) -> int:
    if not debian.ensure():
        return 2
    words = [located(word) for word in argv]
    command = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "loadgroup", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # pytest got the same signal and is closing what it started; wait for it.
            continue
