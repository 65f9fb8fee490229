"""Scores and answers of an operator, and the story of one's own bad rating."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from cloud.console.common import t
from cloud.console.desk import language
from cloud.console.queries import voices as queries
from cloud.domains.ratings.answers.reading import Voice, published_rules
from cloud.domains.sellers.api.calls import Rate
from cloud.kernel import streams
from cloud.voices.web import render
from sync.domains.ratings.operations import PublicScore, RatingAnswer
from sync.domains.ratings.rules import LEVELS, MAX_COMMENT, rating_rules
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from sync.kernel.operations import operator_stream

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

# Four characters can be guessed: not from one address, and not for one ticket.
TRIES_PER_MINUTE: Final = 10
_MOST: Final = 60


def register(blueprint: Blueprint, hub: Hub) -> None:
    """Every page under its address."""
    tries = Rate(hub.clock, TRIES_PER_MINUTE)

    @blueprint.get("/")
    def operators() -> ResponseReturnValue:
        """Whose ratings there are."""
        with hub.database.read() as tx:
            names = queries.operators(tx, language())
        return render("operators.html", names=names)

    @blueprint.get("/<int(max=2147483647):agency_no>")
    def operator(agency_no: int) -> ResponseReturnValue:
        """What is told to everybody, just as the operator's boxes have it."""
        with hub.database.read() as tx:
            names, stream = queries.operators(tx, language()), operator_stream(agency_no)
            if agency_no not in names:
                raise Refusal("voice_unknown", status=404)
            scores = [PublicScore.from_bytes(body) for body in streams.bodies_under(tx, stream, "score/")]
            answers = [RatingAnswer.from_bytes(body) for body in streams.bodies_under(tx, stream, "answer/")]
            lines = queries.lines_of(tx, agency_no, language())
            least = rating_rules(published_rules(tx), day_at(hub.clock.wall_ms(), hub.places.main_zone(tx))).score_least
        answers.sort(key=lambda one: one.day, reverse=True)
        return render(
            "operator.html", name=names[agency_no], scores=scores, answers=answers, lines=lines, least=least,
            hidden=sum(bool(one.hidden) for one in answers),
        )  # fmt: skip

    @blueprint.route("/mine", methods=["GET", "POST"])
    def mine() -> ResponseReturnValue:
        """One's own bad rating, by the ticket that gave it."""
        if request.method == "GET":
            return render("mine.html", errors={}, typed="")
        try:
            with hub.database.read() as tx:
                found = hub.ratings.second_words.story(tx, hub.places.main_zone(tx), *_shown(tries))
        except Refusal as refusal:
            return _ask_again(refusal)
        return _story(found, {})

    @blueprint.post("/mine/follow")
    def follow() -> ResponseReturnValue:
        """The second word."""
        shown, level = _shown(tries), request.form.get("level", "")
        number = int(level) if level in map(str, LEVELS) else 0
        comment = request.form.get("comment", "").replace("\r\n", "\n")[: MAX_COMMENT * 4]
        try:
            with hub.database.write() as tx:
                hub.ratings.second_words.follow(tx, hub.places.main_zone(tx), shown, number, comment, language())
        except Refusal as refusal:
            if refusal.field not in ("level", "comment"):
                return _ask_again(refusal)
            with hub.database.read() as tx:
                found = hub.ratings.second_words.story(tx, hub.places.main_zone(tx), *shown)
            return _story(found, {refusal.field: t(refusal.code, **refusal.details)}, refusal.status)
        return render("thanks.html")


def _shown(tries: Rate) -> tuple[str, str]:
    """The ticket's number and short code as typed; so often and no oftener."""
    number, short_code = (request.form.get(name, "").strip()[:_MOST] for name in ("number", "short_code"))
    tries.spend(f"from {request.remote_addr}")
    tries.spend(f"ticket {number}")
    return number, short_code


def _ask_again(refusal: Refusal) -> ResponseReturnValue:
    field = refusal.field if refusal.field in ("number", "short_code") else ""
    errors = {field: t(refusal.code, **refusal.details)}
    return render("mine.html", refusal.status, errors=errors, typed=request.form.get("number", "")[:_MOST])


def _story(found: Voice, errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    return render("story.html", status, row=found, errors=errors, levels=LEVELS, most=MAX_COMMENT, typed=request.form)
