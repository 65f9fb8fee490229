"""``yipiao bridge …``: one sub-command a device family, the broker in between, and a payment gateway to try things with."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from firmware_bridges.broker.process import run_broker
from firmware_bridges.gate.bridge import Gate
from firmware_bridges.gate.ledger import SCHEMA as GATE_SCHEMA
from firmware_bridges.gateway.process import read_key, run_gateway
from firmware_bridges.kernel.bridge import Bridge
from firmware_bridges.kernel.settings import load_settings
from firmware_bridges.kernel.store import Store
from firmware_bridges.scanner.bridge import Scanner
from firmware_bridges.scanner.feed import feed_from_port, feed_from_stdin
from sync.kernel.errors import Fault


@click.group()
def bridge() -> None:
    """Devices of a node, each in a process of its own."""


def device_options(command: Any) -> Any:
    """Who the device is, where the broker is, where it keeps its data."""
    for option in (
        click.option("--node", help="Name of the node in topics, as in node-4."),
        click.option("--device", help="Name of this device in topics, as in gate-1."),
        click.option("--host", help="Broker's address.  [127.0.0.1]"),
        click.option("--port", type=int, help="Broker's port.  [1883]"),
        click.option("--data", type=click.Path(path_type=Path), help="Folder of its own database."),
        click.option("--config", type=click.Path(path_type=Path, exists=True), help="TOML file of settings."),
    ):
        command = option(command)
    return command


@bridge.command()
@device_options
@click.option("--feed-port", type=click.IntRange(0, 65_535), default=0, help="Take codes as lines here too.")
def scanner(config: Path | None, feed_port: int, **given: object) -> int:
    """A fake scanner: codes come as lines on standard input."""
    settings = load_settings(given, os.environ, config)
    device = Scanner(settings, Store(settings.data))
    feed_from_stdin(device.inputs)
    if feed_port:
        feed_from_port(feed_port, device.inputs)
    return _run(device)


@bridge.command()
@device_options
def gate(config: Path | None, **given: object) -> int:
    """A fake gate: opens once for a verdict and counts."""
    settings = load_settings(given, os.environ, config)
    return _run(Gate(settings, Store(settings.data, GATE_SCHEMA)))


@bridge.command()
@click.option("--port", type=click.IntRange(1, 65_535), default=1883, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder for what it keeps.")
@click.option("--kind", type=click.Choice(["auto", "mosquitto", "amqtt"]), default="auto", show_default=True)
def broker(port: int, data: Path, kind: str) -> int:
    """An MQTT broker on loopback."""
    return run_broker(kind, port, data)


@bridge.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65_535), default=8690, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of its books.")
@click.option("--merchant-no", default="yipiao", show_default=True, help="The one merchant that it serves.")
@click.option("--key-file", type=click.Path(path_type=Path, exists=True), required=True, help="Key shared with nodes.")
@click.option("--base-url", default="", help="Where passengers reach it, when that is another address.")
def gateway(host: str, port: int, data: Path, merchant_no: str, key_file: Path, base_url: str) -> int:
    """A payment gateway to try things with; it can be told to misbehave. No real money moves."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    return run_gateway(data, host, port, merchant_no, read_key(key_file), base_url)


def _leave(signum: int, frame: object) -> None:
    raise SystemExit(0)


def _run(device: Bridge) -> int:
    def stop(signum: int, frame: object) -> None:
        # Only a flag: the loop looks at it within a fifth of a second, and a lock may be held just now.
        device.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return device.run()


def main(argv: list[str]) -> int:
    """Exit code: 0 done, 2 not started because of what was asked or set."""
    try:
        return int(bridge.main(args=argv, prog_name="yipiao bridge", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
    except (Fault, OSError) as error:
        click.echo(f"Error: {error}", err=True)
    except click.Abort:
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
