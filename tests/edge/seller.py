"""A process that sells without end: each ticket's number is printed after its sale has returned, and not before."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from edge.bootstrap import build
from edge.kernel.settings import Settings
from tests.support.nodes import CLERK_NO, FERRY_TRIP, TODAY, CountingIds, FakeClock, NoLine


def main(folder: Path, run: int) -> None:
    node = build(Settings(data=folder), FakeClock(), CountingIds(10_000 + run), NoLine())
    lock = threading.Lock()

    def clerk(number: int) -> None:
        for turn in range(100_000):
            key = f"run-{run}-clerk-{number}-{turn}"
            sold = node.ticketing.sell(FERRY_TRIP, TODAY, 0, 1, None, CLERK_NO, key)
            with lock:
                print(sold.number, key, flush=True)

    threads = [threading.Thread(target=clerk, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
