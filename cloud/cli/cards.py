"""Trust cards by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
from sqlalchemy.engine import Connection

from cloud.bootstrap import Hub
from cloud.cli.common import BY, note, open_hub, options, say
from cloud.domains.register.cards.issuing import IssuedCard
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal

AT_ONCE: Final = 200


@click.command("issue-card")
@click.argument("subjects", nargs=-1)
@click.option("--due", is_flag=True, help="For every vehicle, ship and driver that wants one.")
@options
def issue_card(subjects: tuple[str, ...], due: bool, data: Path, database: str | None, as_json: bool) -> None:
    """Make a trust card of each of SUBJECTS: numbers of the register, or plates and ships' names. Earlier cards of the
    same are no good any more."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        made = [hub.cards.issue(tx, _number(hub, tx, text), BY) for text in subjects]
        note(hub, tx, "cards_issued", cards=[card.card_no for card in made][:100], count=len(made))
    made += _issue_due(hub) if due else []
    told = [
        {"card_no": one.card_no, "subject": one.number, "text": one.text, "until": date_of(one.until_day).isoformat()}
        for one in made
    ]
    say({"cards": told}, as_json)


@click.command("revoke-card")
@click.argument("card_no", type=int)
@click.option("--reason", required=True)
@options
def revoke_card(card_no: int, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Take trust card CARD_NO back: nodes refuse it as soon as they have heard."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.cards.revoke(tx, card_no, reason, BY)
        note(hub, tx, "card_revoked", card=card_no, reason=reason)
    say({"card_no": card_no, "revoked": True}, as_json)


def _issue_due(hub: Hub) -> list[IssuedCard]:
    """In parts, so that nodes that come meanwhile wait for one of them and not for a whole fleet."""
    made: list[IssuedCard] = []
    while True:
        with hub.database.write() as tx:
            some = hub.cards.issue_due(tx, AT_ONCE, BY)
            note(hub, tx, "cards_issued", count=len(some))
        made += some
        if len(some) < AT_ONCE:
            return made


def _number(hub: Hub, tx: Connection, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    found = [one.number for one in hub.register.search(tx, text, "vehicle") if one.label == text.upper()]
    if len(found) != 1:
        raise Refusal("register_unknown", status=404, number=text)
    return found[0]
