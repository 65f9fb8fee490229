"""The admin console: server-rendered pages for those who run the network. Works without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from cloud.console import pages, web
from cloud.console.desk import Desk

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

__all__ = ["create_console"]


def create_console(hub: Hub) -> Blueprint:
    """The blueprint under ``/console``. Registering it also sets up sessions and form tokens of the application."""
    blueprint = Blueprint(
        "console",
        __name__,
        url_prefix="/console",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    desk = Desk(hub)
    web.prepare(blueprint, desk)
    pages.register(blueprint, desk)
    return blueprint
