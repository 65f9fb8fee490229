"""From a line to a subject: its facts as they are kept, the keys by which it is found, and what people search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cloud.domains.register.importing.columns import DRIVER, FROM, OPERATOR, PERMIT, VEHICLE
from sync.domains.register import rules
from sync.kernel import cbor, documents
from sync.kernel.documents import DOCUMENT_TYPES
from sync.kernel.errors import Refusal

# Eight bytes that are the same for the same number and tell nobody without the hub's key anything.
Check = Callable[[bytes], bytes]
Body = dict[str, Any]
# Columns that a body has under other names, or not at all.
_NOT_KEPT: Final = (FROM, "operator_uscc", "document_number", "qualification_no")
# Columns of a driver that go together: without the number that was typed the earlier ones stay.
_OF_DOCUMENT: Final = ("document_type", "document_check", "document_mask")
_OF_QUALIFICATION: Final = ("qualification_check", "qualification_mask")


def body_of(
    kind: str, values: Mapping[str, Any], operator_no: int | None, check: Check, today: int, before: Body | None = None
) -> Body:
    """What is kept of a line. ``before``: the facts of the same subject, for what is not told anew and is repeated to
    nobody.

    Raises :class:`Refusal` where columns do not go together: ``vehicle_vin``, ``ship_colour``, and as the rules of
    plates and documents.
    """
    body = {name: value for name, value in values.items() if name not in _NOT_KEPT}
    if kind != OPERATOR:
        body["operator_no"] = operator_no
    if kind == VEHICLE:
        _check_vehicle(body)
    elif kind == DRIVER:
        _hide_numbers(body, values, check, today, before or {})
    return body


def keys_of(kind: str, body: Body) -> list[str]:
    """By what a subject is found; no other has any of them."""
    if kind == OPERATOR:
        return [f"uscc:{body['uscc']}"]
    if kind == VEHICLE:
        plate = f"plate:{body['plate']}/{body.get('colour', '')}"
        return [plate, f"vin:{body['vin']}"] if body.get("vin") else [plate]
    if kind == DRIVER:
        document = f"document:{body['document_check']}"
        return [document, f"clerk:{body['clerk_no']}"] if body.get("clerk_no") else [document]
    return [f"permit:{body['permit_no']}"]


def label_of(kind: str, body: Body) -> str:
    """How people call a subject."""
    name = {OPERATOR: "name", VEHICLE: "plate", DRIVER: "name", PERMIT: "permit_no"}[kind]
    return str(body[name])


def search_of(kind: str, body: Body) -> str:
    """In what a search looks: names, plates and numbers of papers; of a document nothing but its mask."""
    names = ("name", "name_en", "uscc", "licence_no", "plate", "vin", "permit_no", "route", "document_mask")
    return " ".join(str(body[name]) for name in names if body.get(name)).casefold()


def _check_vehicle(body: Body) -> None:
    if body["kind"] in rules.SHIPS:
        if body.get("colour"):
            raise Refusal("ship_colour", status=422, field="colour")
        body["plate"] = rules.read_ship(body["plate"])
        return
    if not body.get("vin"):
        raise Refusal("vehicle_vin", status=422, field="vin")
    body["plate"] = rules.read_plate(body["plate"], body.get("colour", ""))


def _hide_numbers(body: Body, values: Mapping[str, Any], check: Check, today: int, before: Body) -> None:
    """Masks and check values in the place of numbers. A certificate's number often is that of the person's document."""
    if "document_number" in values:
        shown = documents.read_document(body["document_type"], values["document_number"], body["name"], today)
        masked = documents.mask(shown)
        compared = cbor.encode([DOCUMENT_TYPES.index(shown.document_type), shown.number])
        body |= {"name": shown.name, "document_check": check(compared).hex(), "document_mask": masked.number}
    else:
        body |= {name: before[name] for name in _OF_DOCUMENT}
    if "qualification_no" in values:
        number = values["qualification_no"].upper()
        body["qualification_check"] = check(cbor.encode(["qualification", number])).hex()
        body["qualification_mask"] = mask(number)
    else:
        body |= {name: before[name] for name in _OF_QUALIFICATION}


def mask(number: str) -> str:
    """The first four and the last four signs, and of a short number fewer: half of it at most."""
    shown = min(4, len(number) // 4)
    return number[:shown] + "*" * (len(number) - 2 * shown) + number[len(number) - shown :]
