"""One run of a database, and the power cut at every one of its writes: what the disk may hold then, without running again."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from tests.support.powercut.disk import PowerDisk
from tests.support.powercut.medium import DELETED, RESIZED, WRITTEN, Medium

Fact = TypeVar("Fact")


@dataclass
class Recorded(Generic[Fact]):
    """A disk with its tape, and the facts that somebody was told, each with how long the tape was by then."""

    disk: PowerDisk
    told: list[tuple[int, Fact]] = field(default_factory=list)

    def tell(self, fact: Fact) -> None:
        """The caller has his answer: from now on ``fact`` must hold, whatever happens."""
        self.told.append((len(self.disk.tape or ()), fact))

    def cuts(self, seeds: int, every: int = 1) -> Iterator[tuple[int, Fact | None, dict[str, bytes]]]:
        """A cut in the middle of every write: (its seed, the newest fact told before, the files then). The seeds take
        turns, so that together they cut at all writes (or at each ``every``-th one)."""
        medium, number, told, newest = Medium(), 0, iter(self.told), None
        upcoming = next(told, None)
        for position, step in enumerate(self.disk.tape or ()):
            while upcoming is not None and upcoming[0] <= position:
                newest, upcoming = upcoming[1], next(told, None)
            medium.note(step)
            if step.kind not in (WRITTEN, RESIZED, DELETED):
                continue
            if number % every == 0:
                seed = 1 + number // every % seeds
                yield seed, newest, medium.after_cut(Random(f"{seed} {number}"))
            number += 1


def outcomes(
    run: Recorded[Fact], seeds: int, folder: Path, judge: Callable[[Path, Fact | None], str], every: int = 1
) -> Counter[str]:
    """How the reboots ended: what ``judge`` says of each folder (it gets the newest fact that was told) → how often.
    ``seeds``: of how many seeds at least one cut ended otherwise than ``whole``; ``cuts``: how many there were."""
    found: Counter[str] = Counter()
    bad = set()
    for number, (seed, fact, files) in enumerate(run.cuts(seeds, every)):
        place = folder / f"{number:05d}"
        place.mkdir()
        for path, content in files.items():
            (place / Path(path).name).write_bytes(content)
        verdict = judge(place, fact)
        found[verdict] += 1
        if verdict != "whole":
            bad.add(seed)
        shutil.rmtree(place)
    return found + Counter({"cuts": found.total(), "seeds": len(bad)})
