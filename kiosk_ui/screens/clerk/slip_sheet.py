"""The slip of a shift as a sheet for the press: what ``slip.html`` says, in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kiosk_ui.kernel import formats
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import t
from kiosk_ui.screens.ticket.sheets import money, name
from papers import sheets
from papers.sheets import Line, Sheet

if TYPE_CHECKING:
    from edge.domains.shifts.service import Line as Kind
    from edge.domains.shifts.service import Part, Slip


def slip_sheet(slip: Slip, names: Mapping[int, str], zone: str) -> Sheet:
    """A closed shift; ``names``: of clerks, by number."""
    place = the_node().timetable.place()
    ends = [formats.moment_text(at_ms, zone, language()) for at_ms in (slip.opened_ms, slip.closed_ms or 0)]
    lines = [
        sheets.head(t("product_name"), name(place.names) if place else ""),
        sheets.title(f"{t('slip_title')} {slip.shift_no}"),
        sheets.text(f"{names.get(slip.clerk_no, '')} {slip.clerk_no}".strip()),
        sheets.text(" – ".join(ends)),
    ]
    for kind in slip.lines:
        lines += _kind(kind)
    if not slip.lines:
        lines.append(sheets.text(t("slip_nothing")))
    lines += _pieces(slip) + _parts("slip_by_route", slip.by_route) + _parts("slip_by_rider", slip.by_rider)
    if slip.taken_from:
        lines.append(sheets.text(t("slip_taken_from", number=slip.taken_from)))
    if slip.taken_by:
        lines.append(sheets.text(t("slip_taken_by", name=names.get(slip.taken_by, ""), number=slip.taken_by)))
    return (*lines, sheets.signatures(t("slip_signed_clerk"), t("slip_signed_cashier")))


def _kind(kind: Kind) -> list[Line]:
    """One kind of payment."""

    def row(key: str, minor: int, count: str = "") -> Line:
        return sheets.row(t(key), count, money(minor, kind.currency))

    lines = [sheets.caption(f"{t(f'payment_{kind.payment}')} {kind.currency}")]
    if kind.payment == "cash":
        lines.append(row("slip_float", kind.float_minor))
    lines.append(row("slip_sold", kind.sold_minor, str(kind.sold)))
    lines.append(row("slip_refunded", -kind.refunded_minor, str(kind.refunds)))
    if kind.paid_in_minor:
        lines.append(row("slip_in", kind.paid_in_minor))
    if kind.paid_out_minor:
        lines.append(row("slip_out", -kind.paid_out_minor))
    lines.append(sheets.total(t("slip_expected"), "", money(kind.expected_minor, kind.currency)))
    if kind.counted_minor is None or kind.difference_minor is None:
        return [*lines, sheets.row(t("slip_counted"), "", t("slip_not_counted"))]
    difference = sheets.total(t("slip_difference"), "", money(kind.difference_minor, kind.currency))
    return [*lines, row("slip_counted", kind.counted_minor), difference]


def _pieces(slip: Slip) -> list[Line]:
    if not slip.pieces:
        return []
    rows = [
        sheets.row(f"{money(worth, currency)} ×", str(count), money(worth * count, currency))
        for currency, worth, count in slip.pieces
    ]
    return [sheets.caption(t("slip_pieces")), *rows]


def _parts(key: str, parts: tuple[Part, ...]) -> list[Line]:
    if not parts:
        return []
    return [sheets.caption(t(key)), *(_part(key, part) for part in parts)]


def _part(key: str, part: Part) -> Line:
    label = t(f"rider_{part.name}") if key == "slip_by_rider" else name(part.names) or part.name
    count = f"{part.sums.sold} − {part.sums.refunds}" if part.sums.refunds else str(part.sums.sold)
    return sheets.row(label, count, money(part.sums.sold_minor - part.sums.refunded_minor, part.currency))
