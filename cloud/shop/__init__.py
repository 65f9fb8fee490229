"""The hub's own web shop: small pages on the sellers' services, for a phone at home. Works without JavaScript.

It sells on the account of one seller, who takes the money: a booking waits until that seller has it and says so. What it
can do is what every seller's program can, by the same services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from cloud.shop import files, pages, rides, web
from cloud.shop.counter import Counter

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

__all__ = ["create_shop"]


def create_shop(hub: Hub) -> Blueprint:
    """The blueprint under ``/shop``. Sessions and form tokens are the application's, which the console sets up."""
    blueprint = Blueprint(
        "shop", __name__, url_prefix="/shop", template_folder="templates", static_folder="static",
        static_url_path="/static",
    )  # fmt: skip
    counter = Counter(hub)
    web.prepare(blueprint, counter)
    pages.register(blueprint, counter)
    rides.register(blueprint, counter)
    files.register(blueprint, counter)
    return blueprint
