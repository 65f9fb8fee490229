"""Answers in PDF: drawn by the node's press, never kept. Where the press has no place or no font, a page says what to do."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.language import language
from papers.sheets import A6, ROLL, Job, Sheet

ON_ROLL = "1"


def offered() -> bool:
    """Whether this box can draw any: else nothing leads there."""
    return not the_node().press.lack


def answer(name: str, title: str, sheets: Callable[[], tuple[Sheet, ...]]) -> Response:
    """The PDF ``name``, for a browser to keep. ``sheets`` is called once there is a place at the press: what it writes down
    of a paper (which copy it is) stands in the log before the first line is drawn.

    Raises :class:`Refusal`: as :meth:`papers.press.Press.turn`.
    """
    size = ROLL if request.args.get("roll") == ON_ROLL else A6
    with the_node().press.turn() as make:
        drawn = make(Job(sheets(), size, language(), title))
    # As a file: shown in place, the kiosk's browser would have no way back, and viewers fetch a second time to save.
    headers = {"Content-Disposition": f'attachment; filename="{name}-{size}.pdf"'}
    return Response(drawn, mimetype="application/pdf", headers=headers)
