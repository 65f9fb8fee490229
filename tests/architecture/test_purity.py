"""sync/ and every domain are functions of what they are given: the simulation stands on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.purity import impure_calls
from tests.architecture.walls import domain_of
from tests.tooling.tree import ROOMS, python_files, read


def test_sync_reads_no_clock_no_chance_and_no_disk() -> None:
    wrong = [line for path in python_files("sync") for line in impure_calls(path, read(path))]
    assert not wrong, "\n".join(wrong)


def test_domains_take_time_and_chance_from_the_ports() -> None:
    domains = [path for path in python_files(*ROOMS) if domain_of(path.parts)]
    wrong = [line for path in domains for line in impure_calls(path, read(path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
        "import time as t, time\nx = time.time()",
        "import os\nx = os.urandom(8)",
        "f = list(map(uuid.uuid4, ()))",
        "x = Ed25519PrivateKey.generate()",
        "x = hash('a')",
        "x = open('a')",
    ],
)
def test_a_reading_of_the_world_in_sync_is_seen(source: str) -> None:
    assert impure_calls(Path("sync/kernel/x.py"), source)


def test_an_object_that_is_called_clock_is_fine() -> None:
    assert impure_calls(Path("sync/kernel/x.py"), "x = clock.wall_ms() + ids.token(8)[0] + record.hash") == []
