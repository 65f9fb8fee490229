"""Nothing is left lying about: no queue, no staging, no memory without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud.kernel.tails import MAX_REFUSED
from edge.kernel.memory import MAX_FACTS
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World


def judge(world: World) -> None:
    """Boxes first, then the hub."""
    for box in world.boxes:
        node = box.node
        if node is None:
            raise Violation("box_down", f"{box.name} does not run after the faults")
        if node.scribe._waiting or node.scribe.stopped:
            raise Violation("bound", f"{box.name}: something waits to be written, or it stopped: {node.scribe.stopped}")
        if len(node.database.memory._facts) > MAX_FACTS:
            raise Violation("bound", f"{box.name} remembers {len(node.database.memory._facts)} facts")
        pages, free = (
            node.database.writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        if free > pages // 2 + 50:
            raise Violation("bound", f"{box.name}: {free} of {pages} pages of its database are empty")
    tails = world.hub.rows(
        "SELECT node_no, count(*) FROM held_tail WHERE handed_by IS NULL GROUP BY node_no "
        f"HAVING count(*) > {MAX_REFUSED}"
    )
    if tails:
        raise Violation("bound", f"the hub keeps {tails[0][1]} refused tails of node {tails[0][0]}")
