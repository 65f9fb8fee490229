"""Folding a node's state again, beside the state that was kept."""

from __future__ import annotations

from edge import domains
from edge.bootstrap import Node
from edge.kernel import rebuild


def differing(node: Node) -> list[str]:
    """Tables whose rows differ when they are folded again from the operations and the log; changes nothing."""
    tables = domains.REFERENCE_TABLES + domains.STATE_TABLES
    connection = node.database.writer
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = rebuild.dump(connection, tables)
        rebuild.rebuild(
            connection,
            node.streams,
            domains.appliers(),
            domains.end_log,
            domains.REFERENCE_TABLES,
            domains.STATE_TABLES,
        )
        after = rebuild.dump(connection, tables)
    finally:
        connection.execute("ROLLBACK")
    return [table for table in tables if before[table] != after[table]]
