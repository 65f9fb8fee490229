"""State is a fold: folded anew, on every box and on the hub, it is the same to the byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud.kernel.rebuild import rebuild as rebuild_hub
from edge import domains
from edge.bootstrap import Node
from edge.kernel import log, rebuild
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

TABLES = domains.REFERENCE_TABLES + domains.STATE_TABLES


def judge(world: World) -> None:
    """As `node rebuild --check` and `hub rebuild --check` do it; one of the boxes in every
    second seed."""
    if world.seed % 2:
        return
    box = world.boxes[world.seed // 2 % len(world.boxes)]
    differing = _rebuild(box.node) if box.node is not None else []
    if differing:
        raise Violation("rebuild", f"{box.name}: {', '.join(differing)} differ when folded anew")
    hub = world.hub.hubs[0]
    if hub is not None:
        done = rebuild_hub(hub.database, hub.fold, keep=False)
        if done.differing:
            raise Violation("rebuild", f"hub: {', '.join(done.differing)} differ when folded anew")


def _rebuild(node: Node) -> list[str]:
    connection = node.database.writer
    log.check_chain(connection)
    log.check_past(connection)
    connection.execute("BEGIN IMMEDIATE")
    before = rebuild.dump(connection, TABLES)
    rebuild.rebuild(
        connection, node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, domains.STATE_TABLES
    )
    after = rebuild.dump(connection, TABLES)
    connection.execute("ROLLBACK")
    return [table for table in TABLES if before[table] != after[table]]
