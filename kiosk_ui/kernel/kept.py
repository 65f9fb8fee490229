"""Pages that are the same for many people at once: a coach full of phones asks for one page, not for a hundred."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Final

from flask import Flask, current_app

from kiosk_ui.kernel.context import the_node

_EXTENSION: Final = "yipiao_kept"
MOST: Final = 50
Moment = tuple[object, int, int]


class Kept:
    """Key → the page as it was drawn last, and the moment that it is of. What is older than its node's present moment is drawn
    anew: nobody sees a stop, a delay or an announcement that the box knows to be over, nor a page that is a second old."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, tuple[Moment, bytes]] = {}
        self._lock = threading.Lock()

    def page(self, key: Hashable, moment: Moment, draw: Callable[[], str]) -> bytes:
        """The page under ``key`` at ``moment``. One draws it, the others wait for that."""
        known = self._pages.get(key)
        if known is not None and known[0] == moment:
            return known[1]
        with self._lock:
            known = self._pages.get(key)
            if known is None or known[0] != moment:
                if len(self._pages) >= MOST:
                    self._pages.clear()
                known = self._pages[key] = moment, draw().encode()
            return known[1]


def install(app: Flask) -> None:
    """Let views of ``app`` keep pages."""
    app.extensions[_EXTENSION] = Kept()


def kept(key: Hashable, draw: Callable[[], str]) -> bytes:
    """The page under ``key``, drawn now or a moment ago. Nothing of one person may stand in it."""
    pages: Kept = current_app.extensions[_EXTENSION]
    return pages.page(key, the_node().moment(), draw)
