"""A hub that was put back from an older backup: to be said before it serves again, and to be ended by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from cloud.cli.common import BY, find_node, note, open_hub, options, say
from cloud.kernel import recovery

NEXT_WAIT = "wait until these nodes have visited, or write off those that never will: hub recover --write-off NODE"
NEXT_END = "if no box is missing that was enrolled since the backup: hub recover --done"


@click.command()
@click.option("--write-off", "written_off", metavar="NODE", default=None, help="Wait for NODE no longer.")
@click.option("--keep", "kept", metavar="NODE", default=None, help="NODE's held key was never barred: it is good.")
@click.option("--log", "epoch", type=int, default=None, help="Only for this log of NODE.")
@click.option("--reason", default="", help="Why NODE is written off.")
@click.option("--done", is_flag=True, help="No box is missing: grant seats again.")
@click.option("--again", is_flag=True, help="An older backup was put back once more.")
@options
def recover(
    written_off: str | None, kept: str | None, epoch: int | None, reason: str, done: bool, again: bool, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Say that the hub was restored from an older backup: it grants nothing until its nodes have shown what they hold.

    Run it after the backup was put back and before the hub serves. Run it again to see whom it still waits for.
    """
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        if written_off:
            if not reason:
                raise click.UsageError("--write-off needs --reason")
            hub.recovery.write_off(tx, find_node(tx, written_off).node_no, reason, BY, epoch)
        elif kept:
            hub.presenting.keep(tx, find_node(tx, kept).node_no, BY)
        elif done:
            hub.recovery.finish(tx, BY)
        elif again or not recovery.recovering(tx):
            hub.recovery.begin(tx, "said on the command line")
            note(hub, tx, "hub_recover")
    with hub.database.read() as tx:
        say(standing(tx), as_json)


def standing(tx: Connection) -> dict[str, Any]:
    """How far a recovery is: generation, since when, whose logs it waits for, the next step."""
    now = recovery.current(tx)
    if now is None:
        return {"generation": 1, "recovering": False}
    missing = [f"{one.name} (log {one.epoch})" for one in recovery.awaited(tx)]
    going = now.ended_ms is None
    found = {"generation": now.generation, "recovering": going, "since_ms": now.started_ms, "cause": now.cause}
    return found | ({"awaited": missing, "next": NEXT_WAIT if missing else NEXT_END} if going else {})
