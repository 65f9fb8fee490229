"""The page of a trust card at the hub: what any phone shows that scans one. Works without JavaScript, asks for
nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, render_template
from werkzeug.wrappers import Response

from cloud.console.common import add_headers, choose_language, here, t
from cloud.console.desk import language
from cloud.domains.register.cards.issuing import void_of
from cloud.kernel.formats import Formats
from sync import catalogue
from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import Verdict
from sync.kernel.days import day_at
from sync.kernel.errors import Malformed

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

__all__ = ["create_card_page"]
log = logging.getLogger("cloud.cardpage")


def create_card_page(hub: Hub) -> Blueprint:
    """The blueprint of ``/card/…``, and of the same in capitals, as it is printed."""
    blueprint = Blueprint(
        "cardpage", __name__, template_folder="templates", static_folder="static", static_url_path="/cards/static"
    )

    @blueprint.get("/CARD/<text>", endpoint="as_printed")
    @blueprint.get("/card/<text>")
    def show(text: str) -> Response | str:
        if (again := choose_language()) is not None:
            return again
        with hub.database.read() as tx:
            zone, now_ms = hub.places.main_zone(tx), hub.clock.wall_ms()
            verdict = _judged(hub, tx, cards.PREFIX + text, now_ms, day_at(now_ms, zone))
        g.formats = Formats(language(), zone)
        facts = verdict.newer or (verdict.card.facts if verdict.card else None)
        over = cards.papers_over(facts, day_at(now_ms, zone)) if facts else ()
        return render_template("cardpage/card.html", verdict=verdict, facts=facts, over=over, now_ms=now_ms, **_words())

    add_headers(blueprint)
    return blueprint


def _judged(hub: Hub, tx: Any, text: str, now_ms: int, today: int) -> Verdict:
    try:
        found = cards.verify(text, hub.signer.verify_key)
    except Malformed as error:
        return Verdict(cards.RED, error.code)
    now = hub.cards.facts_of(tx, found.facts.subject_no)
    if now is not None and cards.unscored(now) == cards.unscored(found.facts):
        # Ratings come in every day: no change of the facts, and the newest score is the one to show.
        found, now = replace(found, facts=now), None
    return cards.judge(found, void_of(tx, found.card_no), now_ms // 1000, today, now)


def _words() -> dict[str, Any]:
    return {"language": language(), "languages": catalogue.LANGUAGES, "f": g.formats, "here": here, "t": t}
