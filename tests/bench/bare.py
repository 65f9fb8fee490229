"""The bare limit of an idle exchange: the hub's own server, a signature checked, one made, and a small fixed body.

No routing, no database, no CBOR. Run as ``python -m tests.bench.bare --port PORT``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cloud.kernel.serving import serve
from cloud.kernel.settings import Settings
from sync.kernel.keys import Ed25519Signer

SIGNER = Ed25519Signer(b"key of the bare limit, 32 bytes.")
BODY = b"x" * 170
_MESSAGE = b"y" * 190
_SIGNATURE = SIGNER.sign(_MESSAGE)


def app(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """Read the body, verify, sign, answer."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not SIGNER.verify_key.verifies(_SIGNATURE, _MESSAGE):
        raise RuntimeError("the limit's own signature does not hold")
    SIGNER.sign(_MESSAGE)
    start("200 OK", [("Content-Type", "application/cbor"), ("Content-Length", str(len(BODY)))])
    return [BODY]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    serve(app, "127.0.0.1", parser.parse_args().port, Settings(Path()).threads, lambda _port: None)
