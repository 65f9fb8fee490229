"""Serving the hub and looking after it: run, import, rebuild, status, quarantine."""

from __future__ import annotations

import logging
import os
import resource
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from cloud.bootstrap import Hub, build
from cloud.cli.common import find_node, note, open_hub, options, say, where
from cloud.cli.recover import standing
from cloud.domains.timetable.gtfs.compile import compile_feed
from cloud.domains.timetable.gtfs.errors import FeedRejected
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import fleet, rebuild
from cloud.kernel.serving import serve
from cloud.kernel.settings import load
from sync.kernel.serving import prepare_process


@click.command()
@where
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on; 0 for any.")
def run(data: Path, **given: Any) -> None:
    """Serve the nodes, the API and the console until stopped."""
    prepare_process()
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


@click.command("import-gtfs")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--seat-plans", type=click.Path(path_type=Path, dir_okay=False), default=None)
@options
def import_gtfs(path: Path, seat_plans: Path | None, data: Path, database: str | None, as_json: bool) -> None:
    """Make the GTFS feed at PATH (zip or folder) the timetable: all of it, or nothing."""
    started, hub = time.monotonic(), open_hub(data, database)
    try:
        feed = compile_feed(path, _Progress(), seat_plans)
    except FeedRejected as error:
        errors = [one.as_json() for one in error.errors]
        if not as_json:
            for one in errors:
                click.echo("{file}:{line} {field}: {message} ({code}: {value})".format(**one), err=True)
        say({"errors": errors, "total": error.total} if as_json else {"errors": error.total}, as_json)
        raise SystemExit(1) from None
    report = import_feed(
        hub.database, feed, now_ms=hub.clock.wall_ms(), pinned_days=hub.inventory.pinned_days, source=path.name,
        after=lambda tx: _after_import(hub, tx, path.name),
    )  # fmt: skip
    measured = {"seconds": round(time.monotonic() - started, 2), "peak_mib": _peak_mib()}
    told = {"unchanged": report.unchanged, "changes": report.changes, "operations": report.operations}
    say({**report.counts, **told, **measured}, as_json)


def _after_import(hub: Hub, tx: Connection, source: str) -> None:
    """A new timetable: every node's seats and streams are looked over at its next visit."""
    hub.nodes.provision_at(tx, 0)
    hub.registering.tell_operators(tx)
    note(hub, tx, "feed_imported", source=source)


@click.command("rebuild")
@click.option("--check", is_flag=True, help="Compare only; change nothing.")
@options
def rebuild_command(check: bool, data: Path, database: str | None, as_json: bool) -> None:
    """Fold all state again from the event log, and compare it with the state that was kept."""
    hub = open_hub(data, database)
    done = rebuild.rebuild(hub.database, hub.fold, keep=not check)
    say({"events": done.events, "tables": done.tables, "differing": done.differing}, as_json)
    if done.differing:
        raise SystemExit(1)


@click.command()
@options
def status(data: Path, database: str | None, as_json: bool) -> None:
    """Every node: last contact, position, what waits, what is wrong."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        states = fleet.states(tx, hub.contacts)
        counts = fleet.counts(tx) | standing(tx)
    if as_json:
        say({**counts, "nodes": [fleet.as_json(state) for state in states]}, True)
        return
    for state in states:
        seen = (
            "never"
            if state.last_contact_ms is None
            else f"{(hub.clock.wall_ms() - state.last_contact_ms) // 1000} s ago"
        )
        issues = f"  {', '.join(state.issues)}" if state.issues else ""
        click.echo(f"{state.node_no:>4} {state.name:<20} {state.status or 'new':<9} {state.head_seq:>9} {seen}{issues}")
    say(counts, False)


@click.command()
@click.option("--node", default=None)
@click.option("--open", "open_only", is_flag=True, help="Only those nobody has looked at.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@options
def quarantine(node: str | None, open_only: bool, limit: int, data: Path, database: str | None, as_json: bool) -> None:
    """Events that broke a rule, the newest first."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        node_no = find_node(tx, node).node_no if node else None
        held = fleet.quarantined_events(tx, node_no=node_no, open_only=open_only, limit=limit)
    if as_json:
        say({"quarantined": [fleet.as_json(one) for one in held]}, True)
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


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
