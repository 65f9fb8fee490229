"""The console of a hub whose disk is full: it can be read, says what is wrong, and stops saying it when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.kernel.errors import Refusal
from tests.console.world import ConsoleWorld, empty_world
from tests.support.powercut import PowerDisk, plugged_in

WORDS = {"zh-Hans": "中心的存储空间已满", "zh-Hant": "中心的儲存空間已滿", "en": "disk is full"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerDisk]:
    made = PowerDisk(tmp_path)
    with plugged_in(made):
        yield made
    made.remove()


@pytest.fixture
def bare(disk: PowerDisk, tmp_path: Path) -> Iterator[ConsoleWorld]:
    with empty_world(f"sqlite:///{tmp_path / 'hub.sqlite'}", tmp_path) as world:
        yield world


def test_a_full_disk_stands_first_on_the_console_until_there_is_room(bare: ConsoleWorld, disk: PowerDisk) -> None:
    admin = bare.add_admin("admin")
    box = bare.add_box("a", "station", [])
    for _ in range(200):
        box.append(box.log[0])
    disk.fill()
    with pytest.raises(Refusal, match="hub_disk_full"):
        box.visit()
    for language, words in WORDS.items():
        found = admin.client.get(f"/console/?language={language}", follow_redirects=True)
        assert found.status_code == 200 and words in found.text, language
        first = found.text.index('<li class="issue')
        assert words in found.text[first : found.text.index("</li>", first)], "it stands before all others"
    refused = admin.post("/console/nodes/new", name="b", kind="station", label_hans="乙", place="0")
    assert refused.status_code == 507 and WORDS["en"] in refused.text
    disk.room_bytes = None
    box.visit()
    assert box.acked == len(box.log)
    assert WORDS["en"] not in admin.get("/console/").text
