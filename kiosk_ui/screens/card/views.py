"""The page of a trust card, for whoever scans one with a phone. It writes nothing: a passenger's look is no check."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, render_template

from kiosk_ui.kernel.context import the_node
from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import Verdict

blueprint = Blueprint("card", __name__, template_folder="templates")


@blueprint.get("/CARD/<text>", endpoint="as_printed")
@blueprint.get("/card/<text>")
def show(text: str) -> str:
    return render_template("card/show.html", **card_values(the_node().cards.look(cards.PREFIX + text)))


def card_values(verdict: Verdict) -> dict[str, object]:
    """What a page shows of a card. A paper that is over is marked by the newest facts that are known, and the newest score
    that the hub made public stands there."""
    facts = verdict.newer or (verdict.card.facts if verdict.card else None)
    node = the_node()
    if facts is not None and facts.kind == cards.KINDS.index(cards.VEHICLE):
        score = node.ratings.vehicle_score(facts.label)
        facts = replace(facts, score_tenths=score.mean_tenths, ratings=score.count) if score else facts
    over = cards.papers_over(facts, node.timetable.today()) if facts and not verdict.notes else ()
    zone = node.timetable.zone()
    return {"verdict": verdict, "facts": facts, "over": over, "zone": zone, "as_of_ms": node.cards.as_of_ms()}
