"""The node behind a page, and whether a request is for a page at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, request

if TYPE_CHECKING:
    from edge.bootstrap import Node

_EXTENSION = "yipiao_pages"


def attach(app: Flask, node: Node) -> None:
    """Let the pages of ``app`` speak with ``node``."""
    app.extensions[_EXTENSION] = node


def the_node() -> Node:
    """The node that this request is answered by."""
    return cast("Node", current_app.extensions[_EXTENSION])


def is_page() -> bool:
    """Whether a person's browser is asking. Everything below ``/api`` answers programs, in JSON."""
    return not (request.path == "/api" or request.path.startswith("/api/"))
