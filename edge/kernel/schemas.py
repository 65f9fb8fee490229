"""Shapes that several domains' APIs answer with."""

from __future__ import annotations

from collections.abc import Callable

from marshmallow import Schema, ValidationError, fields, validate

from edge.kernel.web import Day

INDEX = validate.Range(min=0, max=1000)
NUMBER = validate.Range(min=0, max=2**53 - 1)


def _writable(text: str) -> None:
    """Refuse what no log and no screen would take: half of a surrogate pair, and a newline that ``$`` lets through."""
    if "\n" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValidationError("control characters")


LABEL: tuple[Callable[[str], object], ...] = (validate.Regexp(r"^[^\x00-\x1f\x7f]{1,40}$"), _writable)


def names(allow_none: bool = False) -> fields.Dict:
    """Texts by language."""
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=allow_none)


class StopSchema(Schema):
    """A stop."""

    stop_no = fields.Integer()
    names = names()


class PlaceSchema(Schema):
    """Where the box stands."""

    place_no = fields.Integer()
    kind = fields.String()
    names = names()
    stops = fields.List(fields.Nested(StopSchema))


class RideSchema(Schema):
    """A ride; ``price_minor`` null: not for sale. ``disruption``: empty, or what the hub said of the trip."""

    disruption = fields.String()
    delay_minutes = fields.Integer()

    trip_no = fields.Integer()
    day = Day()
    from_idx = fields.Integer()
    to_idx = fields.Integer()
    from_stop = fields.Nested(StopSchema)
    to_stop = fields.Nested(StopSchema)
    departs_ms = fields.Integer()
    arrives_ms = fields.Integer()
    departs_text = fields.String()
    arrives_text = fields.String()
    route_short_names = names()
    route_long_names = names()
    headsigns = names()
    route_type = fields.Integer()
    price_minor = fields.Integer(allow_none=True)
    currency = fields.String()
    seat_kind = fields.String()
    approximate = fields.Boolean()


class ConnectionSchema(Schema):
    """A way with up to two changes; ``price_minor`` null: some ride of it is not for sale."""

    departs_ms = fields.Integer()
    arrives_ms = fields.Integer()
    change_minutes = fields.List(fields.Integer())
    price_minor = fields.Integer(allow_none=True)
    currency = fields.String()
    rides = fields.List(fields.Nested(RideSchema))


class CallSchema(Schema):
    """A trip at a stop."""

    idx = fields.Integer()
    stop = fields.Nested(StopSchema)
    arrives_ms = fields.Integer()
    departs_ms = fields.Integer()
    arrives_text = fields.String()
    departs_text = fields.String()


class TripSchema(Schema):
    """A dated trip."""

    trip_no = fields.Integer()
    day = Day()
    route_short_names = names()
    route_long_names = names()
    headsigns = names()
    agency_names = names()
    route_type = fields.Integer()
    calls = fields.List(fields.Nested(CallSchema))


class RideKey(Schema):
    """A ride on a dated trip."""

    day = Day(required=True)
    from_idx = fields.Integer(required=True, validate=INDEX)
    to_idx = fields.Integer(required=True, validate=INDEX)
