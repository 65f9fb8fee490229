"""The wallet's page, its worker and manifest, and the one call by which a phone binds a ticket to itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
    url_for,
)  # fmt: skip
from flask.typing import ResponseReturnValue

from cloud.console.common import t
from cloud.console.desk import language
from cloud.domains.sellers.api.calls import Rate
from cloud.wallet.shown import bound_view, news_view
from sync import catalogue
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

# Four characters can be guessed: not from one address, and not for one ticket.
BINDS_PER_MINUTE: Final = 10
# A key can't be guessed, but asking costs: so often from one address, for so many tickets.
LOOKS_PER_MINUTE: Final = 60
MOST_LOOKED_AT: Final = 50
_MOST: Final = 80
_STATIC: Final = Path(__file__).parent / "static"
_MANIFEST: Final = "application/manifest+json"


def register(blueprint: Blueprint, hub: Hub) -> None:
    """Every address."""
    asked, looks = Rate(hub.clock, BINDS_PER_MINUTE), Rate(hub.clock, LOOKS_PER_MINUTE)

    @blueprint.get("/")
    def page() -> ResponseReturnValue:
        """The page; which tickets it shows, the phone alone knows."""
        chosen = request.args.get("language")
        if chosen in catalogue.LANGUAGES:
            session["language"] = chosen
            return redirect(url_for("wallet.page"))
        return render_template("wallet/wallet.html")

    @blueprint.get("/worker.js")
    def worker() -> Response:
        """The worker; it stands here because a worker rules over its own folder."""
        return send_from_directory(_STATIC, "worker.js")

    @blueprint.get("/manifest.webmanifest")
    def manifest() -> Response:
        """What makes it installable."""
        icon = {"src": "static/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
        answer = jsonify(
            name=t("wallet_name"), short_name=t("wallet_name"), lang=language(), start_url="./", scope="./",
            display="standalone", background_color="#f4f6f8", theme_color="#12304a", icons=[icon],
        )  # fmt: skip
        answer.mimetype = _MANIFEST
        return answer

    @blueprint.post("/tickets")
    def bind() -> ResponseReturnValue:
        """Bind a ticket to the key of the phone that asks; the same key again gets the same answer."""
        asked.spend(f"from {request.remote_addr}")
        given = _given()
        with hub.database.write() as tx:
            if "booking" in given:
                found = hub.holding.bind_place(tx, given["booking"], given["place"], given["holder"])
            else:
                asked.spend(f"ticket {given['number']}")
                found = hub.holding.bind_ticket(tx, given["number"], given["short_code"], given["holder"])
            return jsonify(bound_view(tx, hub, found))

    @blueprint.post("/news")
    def news() -> ResponseReturnValue:
        """What changed since for tickets that a phone keeps: where its passenger sits now, and what may be done."""
        looks.spend(f"from {request.remote_addr}")
        with hub.database.read() as tx:
            found = hub.holding.look(tx, _kept())
            return jsonify(tickets=[news_view(one) for one in found])


def _kept() -> list[tuple[TicketId, bytes]]:
    """The tickets that were named, with their keys. Raises :class:`Refusal` ``wallet_input``."""
    body: Any = request.get_json(silent=True)
    sent: Any = body.get("tickets") if type(body) is dict else None
    if type(sent) is not list or len(sent) > MOST_LOOKED_AT:
        raise Refusal("wallet_input", status=422)
    return [pair for one in sent if (pair := _kept_one(one)) is not None]


def _kept_one(sent: Any) -> tuple[TicketId, bytes] | None:
    texts: list[Any] = [sent.get(name) for name in ("number", "holder")] if type(sent) is dict else [None]
    if any(type(text) is not str or len(text) > _MOST for text in texts):
        raise Refusal("wallet_input", status=422)
    number = TicketId.from_number(texts[0])
    return None if number is None else (number, _key(texts[1]))


def _key(text: str) -> bytes:
    """A key of a phone. Raises :class:`Refusal` ``wallet_input``."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Refusal("wallet_input", status=422) from None


def _given() -> dict[str, Any]:
    """What was sent, in the types that it must have. Raises :class:`Refusal`: ``wallet_input``, ``wallet_unknown``."""
    body: Any = request.get_json(silent=True)
    names = ("booking", "holder") if type(body) is dict and "booking" in body else ("number", "short_code", "holder")
    texts: dict[str, Any] = {name: body.get(name) for name in names} if type(body) is dict else {}
    if not texts or any(type(text) is not str or len(text) > _MOST for text in texts.values()):
        raise Refusal("wallet_input", status=422)
    found: dict[str, Any] = {**texts, "holder": _key(texts["holder"])}
    if "booking" in texts:
        found["place"] = body.get("place") if type(body.get("place")) is int else 0
    elif (number := TicketId.from_number(texts["number"])) is not None:
        found["number"] = number
    else:
        raise Refusal("wallet_unknown", status=404)
    return found
