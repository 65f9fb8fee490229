"""stop_times.txt: by far the biggest file, so its rows are numbers in arrays, 25 bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.fields import BadField
from cloud.domains.timetable.gtfs.network import STOP, Network
from cloud.domains.timetable.gtfs.read import Feed, Row, Table
from cloud.domains.timetable.gtfs.trips import Trips

NO_TIME: Final = -1
MAX_SEQUENCE: Final = (1 << 31) - 1
REQUIRED: Final = ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")
T = TypeVar("T")


class _Times(dict[str, int]):
    """Texts of times to seconds, worked out once each."""

    def __missing__(self, text: str) -> int:
        stripped = text.strip()
        value = self[text] = fields.seconds(stripped) if stripped else NO_TIME
        return value


class _Sequences(dict[str, int]):
    def __missing__(self, text: str) -> int:
        value = self[text] = fields.whole(0, MAX_SEQUENCE)(text.strip())
        return value


class _Flags(dict[tuple[str, str], int]):
    """(pickup_type, drop_off_type) as one byte."""

    def __missing__(self, texts: tuple[str, str]) -> int:
        kind = fields.choice(0, 1, 2, 3)
        pickup, drop_off = (kind(text.strip() or "0") for text in texts)
        value = self[texts] = pickup << 4 | drop_off
        return value


@dataclass(slots=True)
class TripTimes:
    """The stop times of one trip in order: indexes into ``StopTimes.stop_ids``, seconds, flags and lines."""

    trip: int
    stops: array[int]
    arrivals: array[int]
    departures: array[int]
    flags: array[int]
    lines: array[int]


class StopTimes:
    """All stop times. ``damaged`` holds the trips (indexes) of which a row could not be read."""

    def __init__(self, network: Network, trips: Trips) -> None:
        self.stop_ids = list(network.stops)
        self.damaged: set[int] = set()
        self.count = 0
        self._trips = trips.index
        self._stops = {feed_id: index for index, feed_id in enumerate(self.stop_ids)}
        self._places = network.places
        self._keys = array("Q")  # trip index << 32 | stop_sequence
        self._stop = array("I")
        self._arrival = array("i")
        self._departure = array("i")
        self._flags = array("B")
        self._line = array("I")

    def read(self, table: Table) -> None:
        """Take all rows. Mostly a few dictionary look-ups a row; anything odd goes to :meth:`_explain`."""
        trips = self._trips
        stops = {key: index for key, index in self._stops.items() if self._places[key] == STOP}
        times, sequences, flags = _Times(), _Sequences(), _Flags()
        trip_at, arrival_at, departure_at, stop_at, sequence_at = (table.columns[name] for name in REQUIRED)
        pickup_at, drop_off_at = table.columns.get("pickup_type"), table.columns.get("drop_off_type")
        for line, cells in table.cells():
            try:
                key = trips[cells[trip_at]] << 32 | sequences[cells[sequence_at]]
                stop = stops[cells[stop_at]]
                arrival, departure = times[cells[arrival_at]], times[cells[departure_at]]
                pickup = "" if pickup_at is None else cells[pickup_at]
                flag = flags[pickup, "" if drop_off_at is None else cells[drop_off_at]]
            except (KeyError, BadField):
                if not self._explain(Row(table, line, cells)):
                    continue
                key, stop, arrival, departure, flag = self._stripped(cells, table.columns, times)
            self._keys.append(key)
            self._stop.append(stop)
            self._arrival.append(arrival)
            self._departure.append(departure)
            self._flags.append(flag)
            self._line.append(line)
        self.count = table.count

    def _stripped(self, cells: list[str], columns: Mapping[str, int], times: _Times) -> tuple[int, ...]:
        """A sound row whose ids have spaces around them."""
        trip, arrival, departure, stop, sequence = (cells[columns[name]].strip() for name in REQUIRED)
        pickup, drop_off = (
            cells[columns[name]] if name in columns else "" for name in ("pickup_type", "drop_off_type")
        )
        key = self._trips[trip] << 32 | int(sequence)
        return key, self._stops[stop], times[arrival], times[departure], _Flags()[pickup, drop_off]

    def _explain(self, row: Row) -> bool:
        """Report all that is wrong with a row; True when it only has spaces around its values."""
        before = row.table.problems.total
        trip, stop = row.required("trip_id"), row.required("stop_id")
        row.reference("trip_id", self._trips, "trips.txt")
        row.reference("stop_id", self._places, "stops.txt")
        if self._places.get(stop, STOP) != STOP:
            row.error("not_boardable", "stop_id")
        row.value("arrival_time", fields.seconds, 0)
        row.value("departure_time", fields.seconds, 0)
        row.needed("stop_sequence", fields.whole(0, MAX_SEQUENCE), 0)
        row.value("pickup_type", fields.choice(0, 1, 2, 3), 0)
        row.value("drop_off_type", fields.choice(0, 1, 2, 3), 0)
        if trip in self._trips and stop in self._places and row.table.problems.total == before:
            return True
        if trip in self._trips:
            self.damaged.add(self._trips[trip])
        return False

    def by_trip(self) -> Iterator[TripTimes]:
        """The trips that have stop times, each with its rows in the order of stop_sequence."""
        self._sort()
        keys, end = self._keys, len(self._keys)
        start = 0
        while start < end:
            trip = keys[start] >> 32
            stop = start + 1
            while stop < end and keys[stop] >> 32 == trip:
                stop += 1
            yield self._slice(trip, start, stop)
            start = stop

    def duplicates(self) -> Iterator[tuple[int, int, int, int]]:
        """(trip, sequence, line, earlier line) of every stop_sequence that a trip has twice."""
        self._sort()
        for index in range(1, len(self._keys)):
            if self._keys[index] == self._keys[index - 1]:
                key = self._keys[index]
                yield key >> 32, key & 0xFFFFFFFF, self._line[index], self._line[index - 1]

    def _slice(self, trip: int, start: int, stop: int) -> TripTimes:
        columns = (self._stop, self._arrival, self._departure, self._flags, self._line)
        return TripTimes(trip, *(column[start:stop] for column in columns))

    def _sort(self) -> None:
        """Feeds may give rows in any order. Most give them in order, and then nothing needs to move."""
        keys = self._keys
        if all(keys[index - 1] <= keys[index] for index in range(1, len(keys))):
            return
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = _picked(keys, order)
        self._stop = _picked(self._stop, order)
        self._arrival = _picked(self._arrival, order)
        self._departure = _picked(self._departure, order)
        self._flags = _picked(self._flags, order)
        self._line = _picked(self._line, order)


def _picked(column: array[int], order: list[int]) -> array[int]:
    return array(column.typecode, map(column.__getitem__, order))


def read_stop_times(feed: Feed, network: Network, trips: Trips) -> StopTimes:
    """Read stop_times.txt; repeated sequences are reported here, times by who builds the patterns."""
    stop_times = StopTimes(network, trips)
    for table in feed.table("stop_times.txt", *REQUIRED):
        stop_times.read(table)
    for trip, sequence, line, first in stop_times.duplicates():
        stop_times.damaged.add(trip)
        place = ("stop_times.txt", line, "stop_sequence", str(sequence))
        feed.problems.add("duplicate_sequence", *place, trip=trips.rows[trip].feed_id, first=first)
    return stop_times
