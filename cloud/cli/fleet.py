"""People and boxes: admins, nodes, codes, clerks, revocation."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli.common import BY, find_node, note, open_hub, options, say
from cloud.domains.timetable.service import stop_names
from cloud.kernel.accounts import ROLES, Accounts
from cloud.kernel.clerks import Clerks
from cloud.kernel.nodes import KINDS


@click.command("add-admin")
@click.argument("name")
@click.option("--role", default="admin", show_default=True, type=click.Choice(ROLES))
@click.option("--operator", "agency_no", type=int, default=0, help="Number of the operator, with --role operator.")
@options
def add_admin(name: str, role: str, agency_no: int, data: Path, database: str | None, as_json: bool) -> None:
    """A person for the console, or an operator's office for its own ratings; prints the passphrase for the first sign-in."""
    hub = open_hub(data, database)
    passphrase = Accounts(hub.database, hub.clock, hub.ids).add(name, role, BY, agency_no)
    say({"name": name, "role": role, "passphrase": passphrase}, as_json)


@click.command("add-node")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--stop", "stop_nos", type=int, multiple=True, help="Number of a stop that it sells at.")
@click.option("--label", "labels", multiple=True, help="Its name in a language: zh-Hans=…")
@click.option("--place", "place_no", type=int, default=None, help="Share an existing place.")
@click.option("--low-water", type=int, default=2, show_default=True)
@options
def add_node(
    name: str, kind: str, stop_nos: tuple[int, ...], labels: tuple[str, ...], place_no: int | None, low_water: int,
    data: Path, database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """A new node; prints the one-time code for its box."""
    names = dict(text.split("=", 1) for text in labels if "=" in text)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        if unknown := sorted(set(stop_nos) - set(stop_names(tx, stop_nos, "en"))):
            raise click.BadParameter(f"there is no stop {unknown[0]}", param_hint="--stop")
        node_no = hub.nodes.add(tx, name, kind, stop_nos, names, place_no, low_water)
        code = hub.enrolment.new_code(tx, node_no)
        note(hub, tx, "node_added", node=name)
    say({"node_no": node_no, "name": name, "code": code}, as_json)


@click.command()
@click.argument("node")
@options
def code(node: str, data: Path, database: str | None, as_json: bool) -> None:
    """A new one-time code for NODE; older ones that nobody used are good no longer."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        made = hub.enrolment.new_code(tx, find_node(tx, node).node_no)
        note(hub, tx, "node_code", node=node)
    say({"node": node, "code": made}, as_json)


@click.command("node-codes")
@click.argument("node")
@click.argument("area_code", type=int)
@click.argument("station_code", type=int)
@options
def node_codes(node: str, area_code: int, station_code: int, data: Path, database: str | None, as_json: bool) -> None:
    """Let printed ticket numbers of NODE begin with a division (GB/T 2260, six digits) and a station; 0 0 for none."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.nodes.set_codes(tx, find_node(tx, node).node_no, area_code, station_code)
        note(hub, tx, "node_codes", node=node, area=area_code, station=station_code)
    say({"node": node, "area_code": area_code, "station_code": station_code}, as_json)


@click.command("add-clerk")
@click.argument("name")
@click.option("--node", "node_names", multiple=True, required=True, help="A node at which the clerk may sign in.")
@click.option("--role", "roles", multiple=True, default=("clerk",), show_default=True)
@click.option("--pin", default=None, help="Made up when none is given.")
@options
def add_clerk(
    name: str, node_names: tuple[str, ...], roles: tuple[str, ...], pin: str | None, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """A clerk, inspector or agent; prints number and PIN."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        node_nos = [find_node(tx, one).node_no for one in node_names]
        clerk_no, chosen = Clerks(hub.clock, hub.ids).add(tx, name, roles, node_nos, pin)
        note(hub, tx, "clerk_added", clerk=clerk_no)
    say({"clerk_no": clerk_no, "name": name, "pin": chosen}, as_json)


@click.command()
@click.argument("node")
@click.option("--reason", required=True)
@options
def revoke(node: str, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Bar NODE's present key for ever. What was accepted of it stands."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.nodes.revoke(tx, find_node(tx, node).node_no, reason)
        note(hub, tx, "node_revoked", node=node, reason=reason)
    say({"node": node, "revoked": True}, as_json)
