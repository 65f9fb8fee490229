"""Other sellers: accounts, keys, money that came."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import BY, note, open_hub, options, read_day, say
from cloud.domains.sellers.books import accounts, statements
from cloud.domains.sellers.books.accounts import SCOPES
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.money import parse_minor

CURRENCY = "CNY"


@click.command("add-seller")
@click.argument("name")
@click.option("--limit", default="0", show_default=True, help="What it may owe at most, such as 5000.00.")
@click.option("--commission", "per_mille", type=int, default=0, show_default=True, help="Of each sale, in per mille.")
@options
def add_seller(name: str, limit: str, per_mille: int, data: Path, database: str | None, as_json: bool) -> None:
    """Another seller; prints its first key, once."""
    limit_minor = _minor(limit, CURRENCY)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        number = hub.sellers.add(tx, name, limit_minor, per_mille)
        key = hub.sellers.new_key(tx, number, "first", SCOPES)
        note(hub, tx, "seller_added", seller=number, name=name, limit_minor=limit_minor, commission_per_mille=per_mille)
    say({"seller_no": number, "name": name, "key": key}, as_json)


@click.command("seller-key")
@click.argument("seller_no", type=int)
@click.option("--label", default="", help="What it is for.")
@click.option("--scope", "scopes", multiple=True, default=SCOPES, show_default=True, type=click.Choice(SCOPES))
@click.option("--end", "ended", default=None, help="End the key of this name instead.")
@options
def seller_key(
    seller_no: int, label: str, scopes: tuple[str, ...], ended: str | None, data: Path, database: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Another key for a seller, printed once; its keys are listed by name."""
    hub = open_hub(data, database)
    found: dict[str, Any] = {"seller_no": seller_no}
    with hub.database.write() as tx:
        if ended is None:
            found["key"] = hub.sellers.new_key(tx, seller_no, label, scopes)
            note(hub, tx, "seller_key_added", seller=seller_no, label=label, scopes=list(scopes))
        else:
            hub.sellers.end_key(tx, seller_no, ended)
            note(hub, tx, "seller_key_ended", seller=seller_no, key=ended)
        lines = accounts.keys_of(tx, seller_no)
    found["keys"] = [{"name": one.name, "label": one.label, "scopes": one.scopes} for one in lines if not one.ended_ms]
    say(found, as_json)


@click.command("seller-paid")
@click.argument("seller_no", type=int)
@click.argument("amount")
@click.option("--currency", default=CURRENCY, show_default=True)
@click.option("--reference", default="", help="Such as the number of the bank slip.")
@options
def seller_paid(
    seller_no: int, amount: str, currency: str, reference: str, data: Path, database: str | None, as_json: bool
) -> None:
    """Money came from a seller; below zero, with -- before it: went back to it."""
    sign, digits = (-1, amount[1:]) if amount.startswith("-") else (1, amount)
    amount_minor = sign * _minor(digits, currency)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        hub.sellers.pay(tx, seller_no, currency, amount_minor, reference, BY)
        note(hub, tx, "seller_paid", seller=seller_no, currency=currency, amount_minor=amount_minor)
    say({"seller_no": seller_no, "currency": currency, "amount_minor": amount_minor}, as_json)


@click.command("refund-booking")
@click.argument("booking_id")
@click.argument("item", type=int)
@click.option("--reason", required=True, help="Why, for the audit.")
@options
def refund_booking(booking_id: str, item: int, reason: str, data: Path, database: str | None, as_json: bool) -> None:
    """Give ticket ITEM of a seller's booking back, above the limit too; the money goes to the seller's account."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        done = hub.selling.refund_agreed(tx, booking_id, item)
        note(hub, tx, "booking_refunded", booking=booking_id, item=item, reason=reason[:200])
    money = {"fee_minor": done.fee_minor, "refunded_minor": done.refunded_minor, "currency": done.item.currency}
    say({"booking_id": booking_id, "item": item, **money, "rule": done.rule}, as_json)


@click.command("new-own-log")
@options
def new_own_log(data: Path, database: str | None, as_json: bool) -> None:
    """The key with which the hub sells was barred: begin another log with another key."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        epoch = hub.own.begin_again(tx)
        note(hub, tx, "own_log_begun", epoch=epoch)
    say({"epoch": epoch}, as_json)


@click.command("settlement")
@click.argument("seller_no", type=int)
@click.option("--from", "first", required=True, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", required=True, help="Last day, included.")
@click.option("--csv", "path", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Every entry, too.")
@options
def settlement(
    seller_no: int, first: str, last: str, path: Path | None, data: Path, database: str | None, as_json: bool
) -> None:
    """What a seller sold, gave back and keeps from one day to another."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        name = accounts.find(tx, seller_no).name
        span = hub.offers.span_ms(tx, read_day(first), read_day(last))
        lines = statements.statement(tx, seller_no, *span)
        if path is not None:
            table = statements.as_csv(statements.entries(tx, seller_no, *span), hub.places.main_zone(tx))
            path.write_text(table, encoding="utf-8")
    said = [{**asdict(line), "due_minor": line.due_minor} for line in lines]
    say({"seller_no": seller_no, "name": name, "from": first, "to": last, "statement": said}, as_json)


@click.command("sellers")
@options
def sellers(data: Path, database: str | None, as_json: bool) -> None:
    """Every seller, and what it owes."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        found = [(one, accounts.balances(tx, one.seller_no)) for one in accounts.every(tx)]
    say(
        {
            "sellers": [
                {
                    "seller_no": one.seller_no, "name": one.name, "limit_minor": one.limit_minor,
                    "commission_per_mille": one.commission_per_mille, "open": one.closed_ms is None,
                    "owed_minor": {line.currency: line.owed_minor for line in lines},
                }
                for one, lines in found
            ]
        },
        as_json,
    )  # fmt: skip


def _minor(text: str, currency: str) -> int:
    try:
        return parse_minor(text, currency)
    except Malformed:
        raise Refusal("seller_amount", status=422) from None
