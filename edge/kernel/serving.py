"""The web servers of a node: one for its people, and one beside it with threads of its own for the phones on its WiFi."""

from __future__ import annotations

import threading
from typing import Any, Final

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from sync.kernel.serving import Unhurried, use_channel

# A coach full of phones, each with as many connections as browsers open.
CONNECTIONS: Final = 600
# A phone that walked out of reach must not hold a place for long.
SILENT_S: Final = 20


class _Channel(Unhurried, HTTPChannel):  # type: ignore[misc]
    """A connection."""


def web_server(app: Any, host: str, port: int, threads: int, **more: Any) -> Any:
    """A server of waitress that listens and does not answer yet; ``more``: its other settings."""
    made = create_server(app, host=host, port=port, threads=threads, ident=None, **more)
    return use_channel(made, _Channel)


class Beside:
    """Serves ``app`` on an address of its own, so that what crowds there takes no thread from anybody else."""

    def __init__(self, app: Any, host: str, port: int, threads: int) -> None:
        self._server = web_server(
            app, host, port, threads, connection_limit=CONNECTIONS, backlog=CONNECTIONS,
            channel_timeout=SILENT_S, cleanup_interval=SILENT_S // 2, asyncore_use_poll=True,
        )  # fmt: skip
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="portal", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and hang up. The loop closes its sockets itself: no other thread may."""
        self._server.task_dispatcher.shutdown()
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(5)
