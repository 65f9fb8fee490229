"""Start a broker on loopback: mosquitto where it is installed, else amqtt inside this process.

Neither is trusted to keep a message over a power cut (see :mod:`firmware_bridges.kernel.store`). Both accept
anyone, so both listen on 127.0.0.1 only; devices on a cable or in the air need a listener with passwords.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from pathlib import Path
from typing import Any, NoReturn

from firmware_bridges.kernel.say import say
from sync.kernel.devices import MAX_PAYLOAD
from sync.kernel.errors import Fault

MAX_CONNECTIONS = 64
_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
user root
max_connections {connections}
set_tcp_nodelay true
persistence true
persistence_location {folder}/
persistent_client_expiration 7d
max_queued_messages 1000
max_packet_size {size}
log_dest stderr
log_type error
"""


def find_mosquitto() -> str | None:
    """The server's path; Debian puts it where ordinary users do not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def run_broker(kind: str, port: int, folder: Path) -> int:
    """Run until SIGTERM. ``kind``: mosquitto, amqtt, or auto for the best that is there."""
    mosquitto = None if kind == "amqtt" else find_mosquitto()
    if kind == "mosquitto" and mosquitto is None:
        raise Fault("broker_missing", "mosquitto is missing (Debian: apt-get install mosquitto)", retry=False)
    folder.mkdir(parents=True, exist_ok=True)
    if mosquitto:
        _become_mosquitto(mosquitto, port, folder.resolve())
    return asyncio.run(_serve_amqtt(port))


def _become_mosquitto(program: str, port: int, folder: Path) -> NoReturn:
    """In this process's place, so that whoever stops or kills this process does so to the broker."""
    config = folder / "mosquitto.conf"
    # Of `user`: started as root, mosquitto would become someone who may not enter the folder; else it means nothing.
    values = {"connections": MAX_CONNECTIONS, "size": MAX_PAYLOAD + 1_000}
    config.write_text(_CONFIG.format(port=port, folder=folder, **values), "utf-8")
    say("broker", kind="mosquitto", port=port)
    os.execv(program, [program, "-c", str(config)])


async def _serve_amqtt(port: int) -> int:
    from amqtt.broker import Broker

    logging.disable(logging.WARNING)
    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": MAX_CONNECTIONS}
    config: dict[str, Any] = {
        "listeners": {"default": listener},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    broker = Broker(config)
    await broker.start()
    say("broker", kind="amqtt", port=port)
    await stop.wait()
    await broker.shutdown()
    return 0
