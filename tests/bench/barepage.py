"""The bare limit of the portal: Flask and the portal's own server with one page of bytes that are there already.

No template, no database, no session. Run as ``python -m tests.bench.barepage --bytes N --port PORT``.
"""

from __future__ import annotations

import argparse
import threading

from flask import Flask, Response

from edge.kernel.serving import Beside
from edge.kernel.settings import Settings


def app(size: int) -> Flask:
    """One address, one answer."""
    made, page = Flask("bare", static_folder=None), b"x" * size
    made.add_url_rule("/portal", view_func=lambda: Response(page, mimetype="text/html"), endpoint="page")
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    Beside(app(given.bytes), "127.0.0.1", given.port, Settings.threads).start()
    threading.Event().wait()
