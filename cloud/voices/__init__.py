"""What everybody may read of ratings, and where a passenger says how a bad one was dealt with. Works without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from cloud.voices import pages, web

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

__all__ = ["create_voices"]


def create_voices(hub: Hub) -> Blueprint:
    """The blueprint under ``/ratings``."""
    blueprint = Blueprint(
        "voices", __name__, url_prefix="/ratings", template_folder="templates", static_folder="static",
        static_url_path="/static",
    )  # fmt: skip
    web.prepare(blueprint, hub)
    pages.register(blueprint, hub)
    return blueprint
