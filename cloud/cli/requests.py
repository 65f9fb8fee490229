"""Refunds that nodes asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from cloud.cli.common import BY, note, open_hub, options, say

_MOST = 200


@click.command("refund-requests")
@options
def refund_requests(data: Path, database: str | None, as_json: bool) -> None:
    """Refunds that wait for a word, the oldest first."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        rows = hub.deciding.waiting(tx, _MOST)
    say({"requests": [dataclasses.asdict(row) for row in rows]}, as_json)


@click.command("decide-refund")
@click.argument("pos", type=int)
@click.option("--approve/--deny", default=None, required=True)
@click.option("--fee-minor", type=int, default=0, show_default=True)
@click.option("--reason", required=True, help="Why, in words for the passenger.")
@options
def decide_refund(
    pos: int, approve: bool, fee_minor: int, reason: str, data: Path, database: str | None, as_json: bool
) -> None:
    """Say yes or no to the request POS; the node where it was made pays it out, once."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.deciding.decide(tx, pos, approve, fee_minor if approve else 0, reason, BY)
        note(hub, tx, "decide_refund", request=pos, approved=approve, fee=fee_minor, reason=reason)
    say({"pos": pos, "approved": approve}, as_json)
