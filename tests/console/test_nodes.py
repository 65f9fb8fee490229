"""What the list of nodes says of their software, also when the hub itself has just started."""

from __future__ import annotations

import re
from dataclasses import replace

from cloud.console import queries
from cloud.kernel import nodes as node_list
from cloud.kernel.contact import Contacts
from cloud.kernel.nodes import HUB
from tests.console.world import ConsoleWorld


def software(world: ConsoleWorld, contacts: Contacts) -> dict[str, str]:
    with world.hub.database.read() as tx:
        return {state.name: state.software for state in queries.node_states(tx, contacts)}


def test_what_a_box_said_before_the_hubs_last_start_stands_until_it_says_something_else(bare: ConsoleWorld) -> None:
    box, now = bare.add_box("肇庆站-1", "station", []), bare.clock.now_ms
    asked = box.request()
    before = Contacts()
    before.touch(box.node_no, now, replace(asked, reported={"software": "yipiao 0.9", "issues": ["held"]}))
    before.flush(bare.hub.database)
    after = Contacts()
    after.touch(box.node_no, now + 1, replace(asked, reported={"waiting": 3}))
    for _ in range(2):
        with bare.hub.database.read() as tx:
            found = after.every(tx)[box.node_no]
        assert (found.software, found.reported["issues"], found.waiting) == ("yipiao 0.9", ["held"], 3)
        after.flush(bare.hub.database)
    after.touch(box.node_no, now + 2, replace(asked, reported={"software": "yipiao 1.0", "issues": []}))
    with bare.hub.database.read() as tx:
        found = after.every(tx)[box.node_no]
    assert (found.software, found.reported["issues"]) == ("yipiao 1.0", [])


def test_software_that_no_visit_told_is_that_of_the_last_start_in_the_log(world: ConsoleWorld) -> None:
    assert software(world, world.hub.contacts)["肇庆站-1"] == "test", "what it said itself comes first"
    found = software(world, Contacts())
    assert found["肇庆站-1"] == found["石塘村邮点"] == "yipiao 0.1.0"
    assert found["仓库备用机"] == ""


def test_the_hubs_own_row_counts_neither_visits_nor_what_waits_to_be_fetched(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    with world.hub.database.read() as tx:
        (hub,) = [info for info in node_list.every(tx) if info.kind == HUB]
    page = person.get("/console/nodes").text
    (row,) = [row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f'/console/nodes/{hub.node_no}"' in row]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    assert (cells[3], cells[4], cells[7]) == ("–", "–", "–") and "从未" not in row
    own = person.get(f"/console/nodes/{hub.node_no}").text
    assert "从未" not in own
