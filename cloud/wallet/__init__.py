"""The wallet: a page that a phone keeps, with tickets that are bound to it. What it can show works with no line.

Browsers give keys and workers to secure origins only, so it is served by the hub (https) and never by a box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from cloud.wallet import pages, web

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

__all__ = ["create_wallet"]


def create_wallet(hub: Hub) -> Blueprint:
    """The blueprint under ``/wallet``."""
    blueprint = Blueprint(
        "wallet", __name__, url_prefix="/wallet", template_folder="templates", static_folder="static",
        static_url_path="/static",
    )  # fmt: skip
    web.prepare(blueprint)
    pages.register(blueprint, hub)
    return blueprint
