"""Trips that do not run as planned."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli.common import BY, note, open_hub, options, read_day, say
from cloud.domains.inventory.books.vehicles import moved_of
from sync.domains.disruption.rules import CANCELLED, DELAYED
from sync.kernel.ticket import TicketId


@click.command("cancel-trip")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.option("--reason", required=True, help="Why, in words for passengers.")
@options
def cancel_trip(trip_no: int, day: str, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Trip TRIP_NO does not run on DAY (YYYY-MM-DD): it is sold no more, and its tickets are taken back free."""
    _disrupt((trip_no, day), CANCELLED, 0, reason, data, database, as_json)


@click.command("delay-trip")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("minutes", type=int)
@click.option("--reason", required=True, help="Why, in words for passengers.")
@options
def delay_trip(
    trip_no: int, day: str, minutes: int, reason: str, data: Path, database: str | None, as_json: bool
) -> None:
    """Trip TRIP_NO comes MINUTES late on DAY (YYYY-MM-DD): who does not want to wait gives the ticket back free."""
    _disrupt((trip_no, day), DELAYED, minutes, reason, data, database, as_json)


@click.command("change-vehicle")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("plan")
@click.option("--reason", required=True, help="Why, in words for passengers.")
@options
def change_vehicle(
    trip_no: int, day: str, plan: str, reason: str, data: Path, database: str | None, as_json: bool
) -> None:
    """Trip TRIP_NO runs on DAY (YYYY-MM-DD) with the vehicle whose seat plan is PLAN: passengers are seated anew, and whoever
    has no seat gets a refund or another ride free."""
    hub, where = open_hub(data, database), (trip_no, read_day(day))
    with hub.database.write() as tx:
        told = hub.disruptions.change_vehicle(tx, where, plan, reason, BY)
        note(hub, tx, "change_vehicle", trip=trip_no, day=day, plan=plan, reason=reason)
        moved = moved_of(tx, where)
    standing = [TicketId.from_bytes(one.ticket_id).number for one in moved if not one.placed]
    said = {"trip_no": trip_no, "day": day, "plan": plan, "places_told": told}
    say(said | {"moved": sum(one.placed and one.seat != one.was for one in moved), "unseated": standing}, as_json)


@click.command("restore-trip")
@click.argument("trip_no", type=int)
@click.argument("day")
@options
def restore_trip(trip_no: int, day: str, data: Path, database: str | None, as_json: bool) -> None:
    """Trip TRIP_NO runs as planned on DAY after all."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.disruptions.lift(tx, (trip_no, read_day(day)))
        note(hub, tx, "restore_trip", trip=trip_no, day=day)
    say({"trip_no": trip_no, "day": day}, as_json)


def _disrupt(
    trip: tuple[int, str], kind: str, minutes: int, reason: str, data: Path, database: str | None, as_json: bool
) -> None:
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        told = hub.disruptions.disrupt(tx, (trip[0], read_day(trip[1])), kind, minutes, reason, BY)
        note(hub, tx, "disrupt_trip", trip=trip[0], day=trip[1], kind=kind, minutes=minutes, reason=reason)
    say({"trip_no": trip[0], "day": trip[1], "kind": kind, "minutes": minutes, "places_told": told}, as_json)
