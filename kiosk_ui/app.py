"""The whole application of a node: its API and its pages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Blueprint, Flask

from edge.app import create_app as create_api
from kiosk_ui.kernel import errors, kept, page, protection
from kiosk_ui.kernel.context import attach
from kiosk_ui.screens import PORTAL_SCREENS, SCREENS
from kiosk_ui.screens.wifi.views import lead_home, short_link

if TYPE_CHECKING:
    from edge.bootstrap import Node


def create_app(node: Node) -> Flask:
    """The node's API with the pages on top."""
    app = create_api(node)
    _furnish(app, node, SCREENS, f"yipiao_{node.settings.port}", b"yipiao pages session 1")
    return app


def create_portal(node: Node) -> Flask:
    """What phones on the WiFi reach, under whatever name they ask for: the passenger's pages. All else leads to them."""
    app = Flask("portal", static_folder=None)
    _furnish(app, node, PORTAL_SCREENS, f"yipiao_portal_{node.settings.portal_port}", b"yipiao portal session 1")
    app.before_request(lead_home)
    app.add_url_rule("/t/<number>/<short_code>", view_func=short_link)
    return app


def _furnish(app: Flask, node: Node, screens: tuple[Blueprint, ...], cookie_name: str, purpose: bytes) -> None:
    attach(app, node)
    protection.install(app, _session_key(node, purpose), cookie_name)
    page.install(app)
    kept.install(app)
    errors.install(app)
    for screen in screens:
        app.register_blueprint(screen)


def _session_key(node: Node, purpose: bytes) -> bytes:
    """Signs the session cookies: bound to this box, the same after a power cut, and written nowhere.

    A deterministic signature (RFC 8032) under a purpose of its own, which nothing else ever signs.
    """
    return hashlib.sha256(node.signer.sign(purpose)).digest()
