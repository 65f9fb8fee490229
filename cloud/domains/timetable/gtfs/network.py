"""Agencies, stops and routes of a feed, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.languages import UNKNOWN, Translations, normalised
from cloud.domains.timetable.gtfs.model import Agency, Names, Stop
from cloud.domains.timetable.gtfs.read import Feed, Row

SOLE_AGENCY_ID: Final = "agency"  # the id of an agency that, being the only one, has none
STOP, STATION, ENTRANCE, NODE, BOARDING_AREA = range(5)
PARENT_TYPE: Final = {STOP: STATION, ENTRANCE: STATION, NODE: STATION, BOARDING_AREA: STOP}
MAX_ROUTE_TYPE: Final = 1702


@dataclass(slots=True)
class FeedInfo:
    """feed_info.txt, as far as it is used."""

    lang: str = UNKNOWN
    publisher: str = ""
    version: str = ""
    start_day: int | None = None
    end_day: int | None = None


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route before its fares are known."""

    feed_id: str
    agency: str
    short_names: Names
    long_names: Names
    route_type: int


@dataclass(slots=True)
class Network:
    """Everything that trips refer to. ``places`` holds the location type of every id of stops.txt."""

    info: FeedInfo = field(default_factory=FeedInfo)
    agencies: dict[str, Agency] = field(default_factory=dict)
    stops: dict[str, Stop] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    routes: dict[str, RouteRow] = field(default_factory=dict)


def read_network(feed: Feed, translations: Translations) -> Network:
    """Read feed_info, agency, stops and routes."""
    network = Network(info=_read_info(feed))
    _read_agencies(feed, translations, network)
    _read_stops(feed, translations, network)
    _read_routes(feed, translations, network)
    return network


def _read_info(feed: Feed) -> FeedInfo:
    info = FeedInfo()
    for row in feed.rows("feed_info.txt", "feed_publisher_name", "feed_lang", optional=True):
        info.lang = normalised(row.text("feed_lang"))
        info.publisher = row.text("feed_publisher_name")
        info.version = row.text("feed_version")
        info.start_day = row.value("feed_start_date", fields.optional_day, None)
        info.end_day = row.value("feed_end_date", fields.optional_day, None)
    return info


def _read_agencies(feed: Feed, translations: Translations, network: Network) -> None:
    rows = list(feed.rows("agency.txt", "agency_name", "agency_timezone"))
    seen: dict[str, int] = {}
    for row in rows:
        alone = len(rows) == 1 and not row.text("agency_id")
        feed_id = SOLE_AGENCY_ID if alone else row.unique("agency_id", seen)
        if feed_id is None:
            continue
        lang = normalised(row.text("agency_lang")) if row.text("agency_lang") else network.info.lang
        names = translations.names("agency", "agency_name", feed_id, row.required("agency_name"), lang)
        zone = row.needed("agency_timezone", fields.timezone, "UTC")
        network.agencies[feed_id] = Agency(feed_id, names, zone, row.text("agency_url"), lang)


def _read_stops(feed: Feed, translations: Translations, network: Network) -> None:
    seen: dict[str, int] = {}
    children: list[tuple[Row, int]] = []
    for row in feed.rows("stops.txt", "stop_id", "stop_name", "stop_lat", "stop_lon"):
        feed_id = row.unique("stop_id", seen)
        if feed_id is None:
            continue
        kind = row.value("location_type", fields.choice(0, 1, 2, 3, 4), STOP)
        network.places[feed_id] = kind
        if row.text("parent_station") or kind in (ENTRANCE, NODE, BOARDING_AREA):
            children.append((row, kind))
        stop = _stop(row, feed_id, kind, translations, network.info.lang)
        if kind in (STOP, STATION):
            network.stops[feed_id] = stop
    for row, kind in children:
        _check_parent(row, kind, network.places)


def _stop(row: Row, feed_id: str, kind: int, translations: Translations, lang: str) -> Stop:
    placed = row.needed if kind in (STOP, STATION, ENTRANCE) else row.value
    text = row.required("stop_name") if kind in (STOP, STATION, ENTRANCE) else row.text("stop_name")
    return Stop(
        feed_id=feed_id,
        names=translations.names("stops", "stop_name", feed_id, text, lang),
        lat_e6=placed("stop_lat", fields.latitude_e6, 0),
        lon_e6=placed("stop_lon", fields.longitude_e6, 0),
        zone_id=row.text("zone_id"),
        parent=row.text("parent_station") or None,
        location_type=kind,
    )


def _check_parent(row: Row, kind: int, places: Mapping[str, int]) -> None:
    parent, wanted = row.text("parent_station"), PARENT_TYPE.get(kind)
    if not parent:
        row.error("empty_value", "parent_station")
    elif parent not in places:
        row.reference("parent_station", places, "stops.txt")
    elif places[parent] != wanted:
        row.error("bad_parent", "parent_station", child=kind, wanted="none" if wanted is None else wanted)


def _read_routes(feed: Feed, translations: Translations, network: Network) -> None:
    seen: dict[str, int] = {}
    whole = fields.whole(0, MAX_ROUTE_TYPE)
    for row in feed.rows("routes.txt", "route_id", "route_type"):
        feed_id = row.unique("route_id", seen)
        if feed_id is None:
            continue
        agency = _agency_of(row, network.agencies)
        short, long = row.text("route_short_name"), row.text("route_long_name")
        if not short and not long:
            row.error("nameless_route", "route_long_name")
        lang = network.agencies[agency].lang if agency in network.agencies else network.info.lang
        network.routes[feed_id] = RouteRow(
            feed_id=feed_id,
            agency=agency,
            short_names=translations.names("routes", "route_short_name", feed_id, short, lang),
            long_names=translations.names("routes", "route_long_name", feed_id, long, lang),
            route_type=row.needed("route_type", whole, 0),
        )


def _agency_of(row: Row, agencies: Mapping[str, Agency]) -> str:
    """The route's agency. Where there is only one it may be left out."""
    agency = row.text("agency_id")
    if agency or not agencies:
        row.reference("agency_id", agencies, "agency.txt")
        return agency
    if len(agencies) > 1:
        row.error("empty_value", "agency_id")
    return next(iter(agencies))
