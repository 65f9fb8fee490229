"""`./yipiao rules`: why a ticket costs what it does."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from edge.bootstrap import build
from edge.domains.ticketing.office.explain import Explaining, Explanation, Reason
from edge.kernel.settings import load
from sync.catalogue import load as texts
from sync.kernel import days, money
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS


@click.group("rules")
def rules_group() -> None:
    """Explain prices, fees and refusals."""


@rules_group.command()
@click.option("--trip", "trip_no", type=int, required=True, help="Number of the trip.")
@click.option("--rider", type=click.Choice(RIDERS), default=RIDERS[0], show_default=True)
@click.option(
    "--at", "at", default=None, help="Moment of the sale, 2026-11-27T10:00 where the trip runs; now if left out."
)
@click.option("--day", "day", default=None, help="Service date, 2026-11-27; that of --at if left out.")
@click.option("--from", "from_idx", type=int, default=0, help="First stop of the ride, counted from 0.")
@click.option("--to", "to_idx", type=int, default=None, help="Last stop of the ride; the trip's last if left out.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=Path("node-data"), show_default=True,
              help="Folder of a node: it explains by the rules that it holds.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(
    trip_no: int,
    rider: str,
    at: str | None,
    day: str | None,
    from_idx: int,
    to_idx: int | None,
    data: Path,
    as_json: bool,
) -> None:
    """Say which rule, from which set, of which source gives a RIDER's price, and what a refund or an exchange would cost."""
    if not data.exists():
        raise click.UsageError(f"{data} is no folder of a node")
    node = build(load(data), record_start=False)
    zone = node.timetable.zone_of(trip_no)
    at_ms = node.clock.wall_ms() if at is None else _instant_ms(at, zone)
    service_day = days.day_at(at_ms, zone) if day is None else days.day_of(_moment(day).date())
    last = len(node.timetable.trip(trip_no, service_day).calls) - 1 if to_idx is None else to_idx
    ride = node.timetable.ride(trip_no, service_day, from_idx, last)
    found = Explaining(node.database, node.timetable, node.fares).explain(ride, rider, at_ms)
    value = _described(found, at_ms)
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for line in _lines(found, value):
        click.echo(line)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date or moment of the form 2026-11-27 or 2026-11-27T10:00") from None


def _instant_ms(text: str, zone: str) -> int:
    found = _moment(text)
    return days.instant_ms(days.day_of(found.date()), found.hour * 3600 + found.minute * 60 + found.second, zone)


def _described(found: Explanation, at_ms: int) -> dict[str, Any]:
    ride = found.ride
    return {
        "trip_no": ride.trip_no, "service_date": days.date_of(ride.day).isoformat(), "from": ride.from_stop.names,
        "to": ride.to_stop.names, "rider": found.rider, "at_ms": at_ms, "currency": ride.currency,
        "price": _reason(found.price), "refund": _reason(found.refund), "rebooking": _reason(found.rebooking),
    }  # fmt: skip


def _reason(one: Reason | None) -> dict[str, Any] | None:
    if one is None:
        return None
    since = days.date_of(one.from_day).isoformat() if one.from_day else None
    said = {"rule": one.rule, "set": one.rule_set, "source": one.source, "from_day": since, "scope": one.scope}
    refusal = one.refusal
    return said | one.gives | ({} if refusal is None else {"refusal": refusal.code, "text": _text(refusal)})


def _text(refusal: Refusal) -> str:
    return texts().text(refusal.code, "en", **refusal.details)


def _lines(found: Explanation, value: dict[str, Any]) -> list[str]:
    """For people: a line each of price, refund and exchange."""
    lines = [f"{found.rider}, trip {found.ride.trip_no} on {value['service_date']}"]
    for name in ("price", "refund", "rebooking"):
        one = value[name]
        if one is None:
            continue
        amounts = [
            f"{key.removesuffix('_minor')} {money.decimal_text(minor, value['currency'])} {value['currency']}"
            for key, minor in one.items()
            if key.endswith("_minor")
        ]
        proofs = f"; needs {' or '.join(one['proofs'])}" if one.get("proofs") else ""
        said = one["text"] if "text" in one else ", ".join(amounts) + proofs
        rule = one["rule"] or one["set"]
        lines.append(f"{name}: {said} [rule {rule}; source: {one['source']}; for {one['scope']}]")
    return lines
