"""Commands of a node: serve it, enrol it, look at it, rebuild it; and tickets by hand."""

from __future__ import annotations

import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import click

from edge import domains
from edge.bootstrap import Node, build
from edge.domains.boarding.devices import start_bus
from edge.kernel import log, rebuild
from edge.kernel.alone import alone
from edge.kernel.enrolment import enrol as introduce
from edge.kernel.serving import Beside, web_server
from edge.kernel.settings import Settings, load
from edge.kernel.transport import HttpTransport
from edge.rules_cli import rules_group
from sync.kernel import keys, ticket
from sync.kernel.errors import Broken, Fault, Refusal, YipiaoError
from sync.kernel.serving import keep_what_is_loaded, left_out, prepare_process

DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("node-data"), show_default=True
)


@click.group()
def cli() -> None:
    """A node of Yipiao, and tickets."""


@cli.group()
def node() -> None:
    """Run and look after one node."""


@node.command()
@DATA
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on.")
@click.option("--hub", "hub_url", default=None, help="Address of the hub.")
@click.option("--exchange-every", "exchange_every_s", type=int, default=None, help="Seconds between exchanges.")
@click.option("--mqtt-port", type=int, default=None, help="Port of the device broker; 0 for none.")
@click.option("--gate-device", default=None, help="Name of the gate that a good scan opens.")
@click.option("--portal-port", type=int, default=None, help="Port for phones on the WiFi; 0 for none.")
def run(data: Path, **given: Any) -> None:
    """Serve the node: its pages and its API, with the exchange beside it."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with alone(data):
        _serve(build(load(data, **given)))


def _serve(built: Node) -> None:
    prepare_process()
    # flask-smorest would write its document as YAML for a command that nobody calls: 0.6 MiB.
    with left_out("yaml"):
        from kiosk_ui.app import create_app

    app = create_app(built)
    settings = built.settings
    portal = _portal(built)
    server = web_server(app, settings.host, settings.port, settings.threads)
    bus = start_bus(built.settings, built.scanning, built.identity, built.clock.clock)
    keep_what_is_loaded()
    built.schedule.start()
    built.rounds.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _leave())
    click.echo(f"node listens on http://{settings.host}:{server.effective_port}/", err=True)
    try:
        server.run()
    except (SystemExit, KeyboardInterrupt):
        pass
    finally:
        built.rounds.stop()
        built.schedule.stop()
        if bus is not None:
            bus.stop()
        if portal is not None:
            portal.stop()
        server.close()


def _portal(built: Node) -> Beside | None:
    """The server for phones on the WiFi, if this box has one."""
    settings = built.settings
    if not settings.portal_port:
        return None
    from kiosk_ui.app import create_portal

    portal = Beside(create_portal(built), settings.portal_host, settings.portal_port, settings.threads)
    portal.start()
    click.echo(f"portal listens on http://{settings.portal_host}:{portal.port}/", err=True)
    return portal


def _leave() -> None:
    raise SystemExit(0)


@node.command()
@DATA
@click.option("--hub", "hub_url", required=True, help="Address of the hub.")
@click.argument("code")
def enrol(data: Path, hub_url: str, code: str) -> None:
    """Introduce this box to the hub with the one-time CODE that an admin gave."""
    built = build(load(data, hub_url=hub_url))
    welcome = introduce(code, built.signer, HttpTransport(hub_url), built.scribe)
    outcome = built.exchange.visit()
    _say({"node_no": welcome.node_no, "name": welcome.name, "operations": outcome.operations_down})
    if outcome.error:
        raise Fault(outcome.error)


@node.command("re-enrol")
@DATA
@click.option("--hub", "hub_url", required=True, help="Address of the hub.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.argument("code")
def re_enrol(data: Path, hub_url: str, code: str, as_json: bool) -> None:
    """Go on in the same folder under a new key and a new log, with the one-time CODE that an admin gave.

    For a box that was copied, put back from a backup or revoked, and to change the key of a healthy one. Nothing that it
    sold is dropped: what the hub does not have goes up with the new log, and an admin decides on it.
    """
    with alone(data):
        before = _open(data, hub_url)
        renewed = before.renewal.re_enrol(code, HttpTransport(hub_url))
        before.database.close()
        outcome = build(load(data, hub_url=hub_url)).exchange.visit()
    welcome = renewed.welcome
    said = {"node_no": welcome.node_no, "name": welcome.name, "log": welcome.epoch, "handed_in": renewed.handed_in}
    _say(said, as_json)
    if outcome.error:
        raise Fault(outcome.error)


@node.command()
@DATA
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(data: Path, as_json: bool) -> None:
    """How this node is: its log, what waits for the hub, what is wrong."""
    built = _open(data)
    found = built.fleet.status()
    value = {
        "node_no": found.node_no, "name": found.name, "software": found.software, "head_seq": found.head_seq,
        "acked_seq": found.acked_seq, "waiting": found.waiting, "can_sell": found.can_sell,
        "issues": [{"code": issue.code, **issue.details} for issue in found.issues],
        "digests": built.streams.digests(built.database.read()),
    }  # fmt: skip
    _say(value, as_json)


@node.command("rebuild")
@DATA
@click.option("--check", is_flag=True, help="Compare only; change nothing.")
def rebuild_command(data: Path, check: bool) -> None:
    """Fold the state again from the log and the operations, and compare it with the state that was kept."""
    built = _open(data)
    tables = domains.REFERENCE_TABLES + domains.STATE_TABLES
    connection = built.database.writer
    events = log.check_chain(connection) + log.check_past(connection)
    connection.execute("BEGIN IMMEDIATE")
    before = rebuild.dump(connection, tables)
    rebuild.rebuild(
        connection, built.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, domains.STATE_TABLES
    )
    after = rebuild.dump(connection, tables)
    connection.execute("ROLLBACK" if check else "COMMIT")
    differing = [table for table in tables if before[table] != after[table]]
    _say({"events": events, "tables": len(tables), "differing": differing})
    if differing:
        raise SystemExit(1)


@cli.group("ticket")
def ticket_group() -> None:
    """Make a sample ticket, or explain one."""


@ticket_group.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def sample(as_json: bool) -> None:
    """A ticket of a throw-away node, so that anybody can check it with another library."""
    import os
    import time

    signer = keys.Ed25519Signer(os.urandom(32))
    claims = ticket.Claims(ticket.TicketId(7, 1, 1234), 20123, 2518, 0, 3, 12, 0, int(time.time()) + 86_400)
    text = ticket.issue(claims, signer)
    _say({"ticket": text, "issuer_public_key": signer.public.hex(), "claims": _claims(claims)}, as_json)


@ticket_group.command()
@click.argument("text")
@click.option("--key", "public", default=None, help="Issuer's public key in hex; else the node's directory is asked.")
@DATA
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(text: str, public: str | None, data: Path, as_json: bool) -> None:
    """Explain the ticket TEXT (`Y1:…`): what it says, and whether its signature holds."""
    valid, reason, claims = _verified(text, public, data)
    _say({"valid": valid, "reason": reason, "claims": claims}, as_json)
    if not valid:
        raise SystemExit(1)


def _verified(text: str, public: str | None, data: Path) -> tuple[bool, str | None, dict[str, Any] | None]:
    try:
        opened = ticket.parse(text)
    except Fault as error:
        return False, error.code, None
    said = _claims(opened.claims)
    if public is not None:
        try:
            key = keys.VerifyKey(bytes.fromhex(public))
        except ValueError:
            return False, "key_form", said
        holds = opened.signed.verified_by(key) and opened.from_its_phone
        return (True, None, said) if holds else (False, "ticket_forged", said)
    if not (data / "node.sqlite").is_file():
        return False, "ticket_unknown_issuer", said
    built = _open(data)
    if built.identity is None:
        return False, "not_enrolled", said
    try:
        ticket.verify(text, built.directory.issuer, built.identity.hub_key)
    except Fault as error:
        return False, error.code, said
    return True, None, said


cli.add_command(rules_group)


def _claims(claims: ticket.Claims) -> dict[str, Any]:
    from sync.kernel import days

    return {
        "ticket_number": claims.ticket_id.number,
        "ticket_id": claims.ticket_id.to_bytes().hex(),
        "trip_no": claims.trip_no,
        "service_date": days.date_of(claims.day).isoformat(),
        "day": claims.day,
        "from_idx": claims.from_idx,
        "to_idx": claims.to_idx,
        "seat": claims.seat,
        "rider": ticket.RIDERS[claims.rider],
        "until_s": claims.until_s,
        "document_check": claims.document_check.hex(),
        "holder": claims.holder.hex(),
        "supersedes": claims.supersedes.hex(),
    }


def _open(data: Path, hub_url: str = "") -> Node:
    if not (data / "node.sqlite").is_file():
        raise Fault("no_node", f"there is no node in {data}", retry=False)
    return build(Settings(data=data, hub_url=hub_url), record_start=False)


def _say(value: dict[str, Any], as_json: bool = True) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for name, item in value.items():
        click.echo(f"{name}: {json.dumps(item, ensure_ascii=False)}")


def main(argv: list[str]) -> int:
    """Run a command; what goes wrong is said in a sentence, and the exit code is 1."""
    try:
        cli.main(args=argv, prog_name="yipiao", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except (Refusal, Broken, YipiaoError) as error:
        from sync.catalogue import load as texts

        details = getattr(error, "details", {})
        click.echo(f"{texts().text(error.code, 'en', **details)} ({error.code}: {error})", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
