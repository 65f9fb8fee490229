"""A real mosquitto of the test's own, which can be killed and started again on the same port and folder."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.children import start_child, stop_child
from tests.support.ports import free_port, wait_for_port


@dataclass
class Broker:
    """`port` on 127.0.0.1 stays the same over `kill` and `start`; what was persisted is in `folder`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = start_child([find_mosquitto() or "mosquitto", "-c", str(self.configuration())], output=log)
        wait_for_port(self.port)

    def configuration(self) -> Path:
        path = self.folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence true", "user root",
                 "set_tcp_nodelay true", "autosave_interval 1",
                 f"persistence_location {self.folder}/"]  # fmt: skip
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def kill(self) -> None:
        """As a power cut does it."""
        if self.process is not None:
            stop_child(self.process, number=signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None:
            stop_child(self.process)


def find_mosquitto() -> str | None:
    """Debian puts it into sbin, which is not on every user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def new_broker(folder: Path) -> Broker:
    folder.mkdir(parents=True, exist_ok=True)
    return Broker(folder, free_port())
