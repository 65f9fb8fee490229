"""Commands of the hub. Each opens the hub on its data folder, does one thing in one transaction and says what it did."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from cloud.bootstrap import Hub, build
from cloud.domains.timetable.gtfs.compile import compile_feed
from cloud.domains.timetable.gtfs.errors import FeedRejected
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import audit, fleet, nodes, rebuild
from cloud.kernel.accounts import Accounts
from cloud.kernel.clerks import Clerks
from cloud.kernel.nodes import KINDS
from cloud.kernel.serving import serve
from cloud.kernel.settings import load
from sync import catalogue
from sync.kernel.days import day_of
from sync.kernel.errors import Refusal, YipiaoError

BY = "command line"
DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("hub-data"), show_default=True
)
DATABASE = click.option("--database", default=None, help="postgresql://… instead of SQLite in the data folder.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")


@click.group()
def cli() -> None:
    """The hub of Yipiao."""


@cli.command()
@DATA
@DATABASE
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on; 0 for any.")
def run(data: Path, **given: Any) -> None:
    """Serve the nodes, the API and the console until stopped."""
    from cloud.app import create_app

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    hub = build(load(data, os.environ, **given))
    settings = hub.settings
    app = create_app(hub)
    hub.start()
    try:
        serve(app, settings.host, settings.port, settings.threads,
              lambda port: click.echo(f"hub listens on http://{settings.host}:{port}/", err=True))  # fmt: skip
    finally:
        hub.close()


@cli.command("import-gtfs")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--seat-plans", type=click.Path(path_type=Path, dir_okay=False), default=None)
@DATA
@DATABASE
@JSON
def import_gtfs(path: Path, seat_plans: Path | None, data: Path, database: str | None, as_json: bool) -> None:
    """Make the GTFS feed at PATH (zip or folder) the timetable: all of it, or nothing."""
    started, hub = time.monotonic(), _open(data, database)
    try:
        feed = compile_feed(path, _Progress(), seat_plans)
    except FeedRejected as error:
        errors = [one.as_json() for one in error.errors]
        if not as_json:
            for one in errors:
                click.echo("{file}:{line} {field}: {message} ({code}: {value})".format(**one), err=True)
        _say({"errors": errors, "total": error.total} if as_json else {"errors": error.total}, as_json)
        raise SystemExit(1) from None
    report = import_feed(
        hub.database, feed, now_ms=hub.clock.wall_ms(), pinned_days=hub.inventory.pinned_days, source=path.name
    )
    with hub.database.write() as tx:
        hub.nodes.provision_at(tx, 0)
    measured = {"seconds": round(time.monotonic() - started, 2), "peak_mib": _peak_mib()}
    told = {"unchanged": report.unchanged, "changes": report.changes, "operations": report.operations}
    _say({**report.counts, **told, **measured}, as_json)


@cli.command("add-admin")
@click.argument("name")
@click.option("--role", default="admin", show_default=True, type=click.Choice(["viewer", "admin"]))
@DATA
@DATABASE
@JSON
def add_admin(name: str, role: str, data: Path, database: str | None, as_json: bool) -> None:
    """A person for the console; prints the passphrase for the first sign-in."""
    hub = _open(data, database)
    passphrase = Accounts(hub.database, hub.clock, hub.ids).add(name, role, BY)
    _say({"name": name, "role": role, "passphrase": passphrase}, as_json)


@cli.command("add-node")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--stop", "stop_nos", type=int, multiple=True, help="Number of a stop that it sells at.")
@click.option("--label", "labels", multiple=True, help="Its name in a language: zh-Hans=…")
@click.option("--place", "place_no", type=int, default=None, help="Share an existing place.")
@click.option("--low-water", type=int, default=2, show_default=True)
@DATA
@DATABASE
@JSON
def add_node(
    name: str, kind: str, stop_nos: tuple[int, ...], labels: tuple[str, ...], place_no: int | None, low_water: int,
    data: Path, database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """A new node; prints the one-time code for its box."""
    names = dict(text.split("=", 1) for text in labels if "=" in text)
    hub = _open(data, database)
    with hub.database.write() as tx:
        node_no = hub.nodes.add(tx, name, kind, stop_nos, names, place_no, low_water)
        code = hub.enrolment.new_code(tx, node_no)
        _audit(hub, tx, "node_added", node=name)
    _say({"node_no": node_no, "name": name, "code": code}, as_json)


@cli.command()
@click.argument("node")
@DATA
@DATABASE
@JSON
def code(node: str, data: Path, database: str | None, as_json: bool) -> None:
    """A new one-time code for NODE; older ones that nobody used are good no longer."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        made = hub.enrolment.new_code(tx, _node(tx, node).node_no)
        _audit(hub, tx, "node_code", node=node)
    _say({"node": node, "code": made}, as_json)


@cli.command("add-clerk")
@click.argument("name")
@click.option("--node", "node_names", multiple=True, required=True, help="A node at which the clerk may sign in.")
@click.option("--role", "roles", multiple=True, default=("clerk",), show_default=True)
@click.option("--pin", default=None, help="Made up when none is given.")
@DATA
@DATABASE
@JSON
def add_clerk(
    name: str, node_names: tuple[str, ...], roles: tuple[str, ...], pin: str | None, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """A clerk, inspector or agent; prints number and PIN."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        node_nos = [_node(tx, one).node_no for one in node_names]
        clerk_no, chosen = Clerks(hub.clock, hub.ids).add(tx, name, roles, node_nos, pin)
        _audit(hub, tx, "clerk_added", clerk=clerk_no)
    _say({"clerk_no": clerk_no, "name": name, "pin": chosen}, as_json)


@cli.command()
@click.argument("node")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("vehicle", default="")
@DATA
@DATABASE
@JSON
def duty(node: str, trip_no: int, day: str, vehicle: str, data: Path, database: str | None, as_json: bool) -> None:
    """The on-board box NODE runs trip TRIP_NO on DAY (YYYY-MM-DD)."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        hub.boarding.assign_duty(tx, _node(tx, node), trip_no, _day(day), vehicle)
        _audit(hub, tx, "duty", node=node, trip=trip_no, day=day)
    _say({"node": node, "trip_no": trip_no, "day": day}, as_json)


@cli.command()
@click.argument("node")
@click.argument("trip_no", type=int)
@click.argument("day")
@click.argument("places", type=int)
@click.option("--from-idx", type=int, default=0, show_default=True)
@click.option("--to-idx", type=int, default=None, help="Last stop; without it to the end of the trip.")
@DATA
@DATABASE
@JSON
def grant(
    node: str, trip_no: int, day: str, places: int, from_idx: int, to_idx: int | None, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let NODE sell up to PLACES more seats of a trip."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        made = hub.inventory.grant(tx, _node(tx, node), (trip_no, _day(day)), places, from_idx, to_idx)
        _audit(hub, tx, "grant", node=node, trip=trip_no, day=day, grant=made.grant_id)
    cells = {"seats": [seat for seat, _ in made.seats]} if made.seats else {"places": dict(made.counts)}
    _say({"grant_id": made.grant_id, "sell_until_ms": made.sell_until_ms, **cells}, as_json)


@cli.command("release-at-risk")
@click.argument("grant_id", type=int)
@click.argument("places", type=int)
@click.option("--reason", required=True)
@DATA
@DATABASE
@JSON
def release_at_risk(grant_id: int, places: int, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Give suspect seats of a silent node to others, although it may have sold them."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        count = hub.seats.release_at_risk(tx, grant_id, places, reason, BY)
        _audit(hub, tx, "release_at_risk", grant=grant_id, places=count, reason=reason)
    _say({"grant_id": grant_id, "released": count}, as_json)


@cli.command()
@click.argument("node")
@click.option("--reason", required=True)
@DATA
@DATABASE
@JSON
def revoke(node: str, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Bar NODE's present key for ever. What was accepted of it stands."""
    hub = _open(data, database)
    with hub.database.write() as tx:
        hub.nodes.revoke(tx, _node(tx, node).node_no, reason)
        _audit(hub, tx, "node_revoked", node=node, reason=reason)
    _say({"node": node, "revoked": True}, as_json)


@cli.command("rebuild")
@click.option("--check", is_flag=True, help="Compare only; change nothing.")
@DATA
@DATABASE
@JSON
def rebuild_command(check: bool, data: Path, database: str | None, as_json: bool) -> None:
    """Fold all state again from the event log, and compare it with the state that was kept."""
    hub = _open(data, database)
    done = rebuild.rebuild(hub.database, hub.fold, keep=not check)
    _say({"events": done.events, "tables": done.tables, "differing": done.differing}, as_json)
    if done.differing:
        raise SystemExit(1)


@cli.command()
@DATA
@DATABASE
@JSON
def status(data: Path, database: str | None, as_json: bool) -> None:
    """Every node: last contact, position, what waits, what is wrong."""
    hub = _open(data, database)
    with hub.database.read() as tx:
        states = fleet.states(tx, hub.contacts)
        counts = fleet.counts(tx)
    if as_json:
        _say({**counts, "nodes": [fleet.as_json(state) for state in states]}, True)
        return
    for state in states:
        seen = (
            "never"
            if state.last_contact_ms is None
            else f"{(hub.clock.wall_ms() - state.last_contact_ms) // 1000} s ago"
        )
        issues = f"  {', '.join(state.issues)}" if state.issues else ""
        click.echo(f"{state.node_no:>4} {state.name:<20} {state.status or 'new':<9} {state.head_seq:>9} {seen}{issues}")
    _say(counts, False)


@cli.command()
@click.option("--node", default=None)
@click.option("--open", "open_only", is_flag=True, help="Only those nobody has looked at.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@DATA
@DATABASE
@JSON
def quarantine(node: str | None, open_only: bool, limit: int, data: Path, database: str | None, as_json: bool) -> None:
    """Events that broke a rule, the newest first."""
    hub = _open(data, database)
    with hub.database.read() as tx:
        node_no = _node(tx, node).node_no if node else None
        held = fleet.quarantined_events(tx, node_no=node_no, open_only=open_only, limit=limit)
    if as_json:
        _say({"quarantined": [fleet.as_json(one) for one in held]}, True)
        return
    for one in held:
        click.echo(f"node {one.node_no} event {one.epoch}/{one.seq}: {one.code} {one.detail}")


class _Progress:
    """Says where a long import is, every two seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last > 2:
            self._last = now
            click.echo(f"  {stage} {100 * done // max(total, 1)} %", err=True)


def _open(data: Path, database: str | None) -> Hub:
    return build(load(data, os.environ, database=database))


def _node(tx: Any, text: str) -> nodes.NodeInfo:
    return nodes.find(tx, int(text) if text.isascii() and text.isdigit() else text)


def _day(text: str) -> int:
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date of the form YYYY-MM-DD") from None


def _audit(hub: Hub, tx: Any, act: str, **details: Any) -> None:
    audit.record(tx, hub.clock.wall_ms(), BY, act, **details)


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _say(value: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for name, item in value.items():
        click.echo(f"{name}: {item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}")


def main(argv: list[str]) -> int:
    """Run a command; what goes wrong is said in a sentence, and the exit code is 1."""
    try:
        cli.main(args=argv, prog_name="yipiao hub", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except YipiaoError as error:
        details = error.details if isinstance(error, Refusal) else {}
        click.echo(f"{catalogue.load().text(error.code, 'en', **details)} ({error.code})", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
