"""Seats by hand: duties of vehicles, grants, releases at risk."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli.common import BY, find_node, note, open_hub, options, read_day, say


@click.command()
@click.argument("node")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("vehicle", default="")
@click.option(
    "--driver", "drivers", type=int, multiple=True, help="Number of somebody who may drive it; again for more."
)
@options
def duty(
    node: str, trip_no: int, day: str, vehicle: str, drivers: tuple[int, ...], data: Path, database: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """The on-board box NODE, in VEHICLE (its plate), runs trip TRIP_NO on DAY (YYYY-MM-DD)."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.duties.assign(tx, find_node(tx, node), (trip_no, read_day(day)), vehicle, drivers)
        note(hub, tx, "duty", node=node, trip=trip_no, day=day, vehicle=vehicle, drivers=list(drivers))
    say({"node": node, "trip_no": trip_no, "day": day, "vehicle": vehicle, "drivers": list(drivers)}, as_json)


@click.command()
@click.argument("node")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("places", type=int)
@click.option("--from-idx", type=int, default=0, show_default=True)
@click.option("--to-idx", type=int, default=None, help="Last stop; without it to the end of the trip.")
@options
def grant(
    node: str, trip_no: int, day: str, places: int, from_idx: int, to_idx: int | None, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let NODE sell up to PLACES more seats of a trip."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        made = hub.inventory.grant(tx, find_node(tx, node), (trip_no, read_day(day)), places, from_idx, to_idx)
        note(hub, tx, "grant", node=node, trip=trip_no, day=day, grant=made.grant_id)
    cells = {"seats": [seat for seat, _ in made.seats]} if made.seats else {"places": dict(made.counts)}
    say({"grant_id": made.grant_id, "sell_until_ms": made.sell_until_ms, **cells}, as_json)


@click.command("release-at-risk")
@click.argument("grant_id", type=int)
@click.argument("places", type=int)
@click.option("--reason", required=True)
@options
def release_at_risk(grant_id: int, places: int, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Give suspect seats of a silent node to others, although it may have sold them."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        count = hub.seats.release_at_risk(tx, grant_id, places, reason, BY)
        note(hub, tx, "release_at_risk", grant=grant_id, places=count, reason=reason)
    say({"grant_id": grant_id, "released": count}, as_json)
