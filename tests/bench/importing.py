"""`bench import`: the hub's own import command on a large feed, into an empty database, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.process import environment


def run(feed: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds from the start of the process to its end; peak memory as the process says of itself."""
    with tempfile.TemporaryDirectory(prefix="yipiao-bench-") as folder:
        words = [sys.executable, "-m", "cloud.cli", "import-gtfs", str(feed.resolve()), "--data", folder, "--json"]
        say(f"importing {feed.name}")
        begun = time.perf_counter()
        done = subprocess.run(words, env=environment(), text=True, stdout=subprocess.PIPE, check=False)
        seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise RuntimeError(f"the import ended with {done.returncode}: {done.stdout[-1000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return {
        "stop_times": told["stop_times"],
        "seconds": round(seconds, 1),
        "stop_times_per_s": round(told["stop_times"] / seconds),
        "peak_mib": told["peak_mib"],
    }
