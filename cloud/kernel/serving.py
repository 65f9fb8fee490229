"""Serving a WSGI application until somebody says stop."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.server import create_server

from sync.kernel.serving import Unhurried, keep_what_is_loaded, use_channel

# Above what the exchange takes, so that a request that is too large gets our answer with a code.
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
# Who waits: so many requests that were let in, and so many that the kernel holds before the door. Both together are worked
# off within a node's patience (20 s), even where only 60 are answered in a second; whoever finds no place there comes again
# later, as with a hub that is away, and each time twice as late: so there must be room for many.
CONNECTIONS: Final = 100
BACKLOG: Final = 1_024
# A line that died in the middle of a request must not hold a place for long.
SILENT_S: Final = 30
_COLLECT_EVERY: Final = 20_000


class _Channel(Unhurried, HTTPChannel):  # type: ignore[misc]
    """A connection."""


def serve(app: Any, host: str, port: int, threads: int, ready: Callable[[int], None]) -> None:
    """Listen until SIGTERM or SIGINT; requests under way are finished. ``ready`` is told the port."""
    server = create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        connection_limit=CONNECTIONS,
        backlog=BACKLOG,
        channel_timeout=SILENT_S,
        cleanup_interval=SILENT_S // 3,
        ident=None,
        max_request_body_size=MAX_BODY_BYTES,
        clear_untrusted_proxy_headers=True,
    )
    use_channel(server, _Channel)
    keep_what_is_loaded()
    # A large batch of events makes no garbage in circles.
    gc.set_threshold(_COLLECT_EVERY, 10, 10)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    ready(server.effective_port)
    try:
        server.run()
    except (SystemExit, KeyboardInterrupt):
        pass
    finally:
        server.task_dispatcher.shutdown()
        server.close()


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)
