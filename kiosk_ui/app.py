"""The whole application of a node: its API and its pages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Flask

from edge.app import create_app as create_api
from kiosk_ui.kernel import errors, page, protection
from kiosk_ui.kernel.context import attach
from kiosk_ui.screens import SCREENS

if TYPE_CHECKING:
    from edge.bootstrap import Node


def create_app(node: Node) -> Flask:
    """The node's API with the pages on top."""
    app = create_api(node)
    attach(app, node)
    protection.install(app, _session_key(node), f"yipiao_{node.settings.port}")
    page.install(app)
    errors.install(app)
    for screen in SCREENS:
        app.register_blueprint(screen)
    return app


def _session_key(node: Node) -> bytes:
    """Signs the session cookies: bound to this box, the same after a power cut, and written nowhere.

    A deterministic signature (RFC 8032) under a purpose of its own, which nothing else ever signs.
    """
    return hashlib.sha256(node.signer.sign(b"yipiao pages session 1")).digest()
