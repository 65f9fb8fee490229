"""From the compiler's feed ids to the records that travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cloud.domains.timetable.gtfs import model
from sync.catalogue import LANGUAGES
from sync.domains.timetable import operations
from sync.domains.timetable.rules import PINYIN

Number = Callable[[str], int]
NO_PICKUP = 1


def names(texts: Mapping[str, str]) -> dict[str, str]:
    """The languages that the screens have; where there is none of them, the first one that there is."""
    kept = {language: texts[language] for language in LANGUAGES if texts.get(language)}
    return kept or dict([(language, text) for language, text in texts.items() if text][:1])


def agency(item: model.Agency) -> operations.Agency:
    """The record of an agency."""
    return operations.Agency(item.feed_id, names(item.names), item.timezone, item.url)


def stop(item: model.Stop, number: Number) -> operations.Stop:
    """The record of a stop; ``number`` gives that of its station."""
    parent = number(item.parent) if item.parent else None
    return operations.Stop(item.feed_id, _with_pinyin(names(item.names)), item.lat_e6, item.lon_e6, parent)


def stop_search(item: model.Stop) -> str:
    """What a search for the stop may find, folded to one case: names one a line, then the feed id."""
    return "\n".join([*_with_pinyin(names(item.names)).values(), item.feed_id]).casefold()


def transfer(item: model.Transfer, number: Number) -> operations.Transfer:
    """The record of a transfer."""
    return operations.Transfer(number(item.from_stop), number(item.to_stop), item.min_s)


def _with_pinyin(texts: dict[str, str]) -> dict[str, str]:
    """Beside a Chinese name how it is spelt in Latin letters, a word a syllable, for those who type."""
    chinese = texts.get("zh-Hans") or texts.get("zh-Hant")
    if not chinese or chinese.isascii():
        return texts
    # Its dictionary takes 50 MiB, and only an import needs it.
    from pypinyin import lazy_pinyin

    return {**texts, PINYIN: " ".join(" ".join(lazy_pinyin(chinese)).split())}


def service(item: model.Service) -> operations.Service:
    """The record of a service."""
    return operations.Service(item.weekdays, item.start_day, item.end_day, item.added, item.removed)


def seat_plan(item: model.SeatPlan) -> operations.SeatPlan:
    """The record of a seat plan."""
    seats = tuple((seat.no, seat.label, seat.row, seat.column) for seat in item.seats)
    return operations.SeatPlan(item.kind, item.capacity, seats)


def route(item: model.Route, agency_no: int, plan: str) -> operations.Route:
    """The record of a route whose vehicles have the seat plan published as ``plan``."""
    return operations.Route(
        agency_no,
        item.feed_id,
        names(item.short_names),
        names(item.long_names),
        item.route_type,
        item.currency,
        plan,
        item.for_sale,
    )


def pattern(item: model.Pattern, route_no: int, stop_no: Number) -> operations.Pattern:
    """The record of a pattern. Boarding "by arrangement" (GTFS 2 and 3) counts as boarding."""
    return operations.Pattern(
        route_no,
        item.direction or 0,
        tuple(stop_no(feed_id) for feed_id in item.stops),
        item.arrivals_s,
        item.departures_s,
        tuple(kind != NO_PICKUP for kind in item.pickups),
        tuple(kind != NO_PICKUP for kind in item.drop_offs),
        item.fares_minor,
    )


def trip(item: model.Trip, pattern_no: int, service_no: int) -> operations.Trip:
    """The record of a trip."""
    return operations.Trip(pattern_no, service_no, item.start_s, item.approximate, names(item.headsigns), item.feed_id)
