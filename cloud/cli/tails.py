"""What boxes hold against their closed logs: looking at it, taking it into the books, leaving it out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cloud.cli.common import BY, find_node, note, open_hub, options, say


@click.command()
@click.option("--node", default=None, help="Name or number of a node.")
@options
def tails(node: str | None, data: Path, database: str | None, as_json: bool) -> None:
    """Ends of logs that no log took in, with the sum of their sales; those that wait for a decision first."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        found = hub.tails.every(tx, None if node is None else find_node(tx, node).node_no)
    say({"tails": [asdict(tail) for tail in found]}, as_json)


@click.command("accept-tail")
@click.argument("tail")
@click.option("--reason", required=True, help="Why these sales are believed.")
@options
def accept_tail(tail: str, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Take the sales of TAIL into the books: the money counts, gates honour the tickets."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        taken, held = hub.tails.accept(tx, tail, reason, BY)
        note(hub, tx, "tail_accepted", tail=tail, events=taken, reason=reason)
    say({"tail": tail, "events": taken, "quarantined": held}, as_json)


@click.command("reject-tail")
@click.argument("tail")
@click.option("--reason", required=True, help="Why these sales are not believed.")
@options
def reject_tail(tail: str, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Leave TAIL out of the books for good. It stays where it is."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.tails.reject(tx, tail, reason, BY)
        note(hub, tx, "tail_rejected", tail=tail, reason=reason)
    say({"tail": tail, "rejected": True}, as_json)
