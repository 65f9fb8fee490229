"""What the hub says of fares, refunds, rebookings and travellers' names: rules and keys as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class RefundRules(Record):
    """Key ``ruleset/refund/SCOPE/DAY`` on ``net``; SCOPE is ``all`` or an operator's number.

    They hold for tickets sold on calendar day ``from_day`` or later, until a newer set of the same scope does. ``bands``
    are (minutes before departure, fee in per mille, least fee in minor units), the earliest first: a band holds
    while so many minutes are left at least; minutes below 0 are minutes after it. Fees are rounded to ``rounding_minor``;
    least fees and rounding are meant
    in ``currency`` and do not count in another. Above ``limit_minor`` it takes a second clerk, and so does a fault of carrier or
    station that is claimed after departure, which ends ``fault_minutes_after`` it. ``hub_decides``: which refunds a node that
    may not make them asks the hub for, of :data:`sync.domains.ticketing.rules.ASKED`.
    """

    PREFIX: ClassVar[str] = "ruleset"
    name: str
    source: str
    from_day: int
    agency_no: int | None
    bands: tuple[tuple[int, int, int], ...]
    currency: str
    rounding_minor: int
    limit_minor: int
    fault_minutes_after: int = 1440
    hub_decides: tuple[str, ...] = ("other_box", "past_log", "departed", "clock_unsure")

    @property
    def key(self) -> str:
        """The key under which it stands."""
        scope = "all" if self.agency_no is None else str(self.agency_no)
        return f"{self.PREFIX}/refund/{scope}/{self.from_day}"


@dataclass(frozen=True, slots=True)
class RebookRules(Record):
    """Key ``ruleset/rebook/SCOPE/DAY`` on ``net``; scope and day as those of :class:`RefundRules`.

    A ticket is rebooked until ``cutoff_minutes`` before its departure, ``most_times`` in all, the first ``free_times`` of
    them free, later ones for ``fee_per_mille`` of its price. ``same_line``: only to a ride of the same route;
    ``same_class``: only to a vehicle of the same kind. ``refundable``: whether a rebooked ticket may be given back.
    """

    PREFIX: ClassVar[str] = "ruleset/rebook"
    name: str
    source: str
    from_day: int
    agency_no: int | None
    cutoff_minutes: int
    most_times: int
    free_times: int
    fee_per_mille: int
    same_line: bool
    same_class: bool
    refundable: bool

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/{'all' if self.agency_no is None else self.agency_no}/{self.from_day}"


@dataclass(frozen=True, slots=True)
class FareRules(Record):
    """Key ``ruleset/fare/SCOPE/DAY`` on ``net``, as :class:`RefundRules`: for tickets sold on ``from_day`` or later.

    ``concessions`` are (rider of :data:`sync.kernel.ticket.RIDERS`, share of the fare in per mille, the services of
    :data:`sync.domains.timetable.rules.SERVICES` on which it holds (none: on all), the proofs of PROOFS of which one
    must be seen (none: no proof)); the first that fits counts. Shares are rounded to ``rounding_minor``, in ``currency``
    only. ``extras`` are (code, price in minor units of ``currency``, names): offered where tickets have that currency.
    """

    PREFIX: ClassVar[str] = "ruleset/fare"
    name: str
    source: str
    from_day: int
    agency_no: int | None
    concessions: tuple[tuple[str, int, tuple[str, ...], tuple[str, ...]], ...]
    extras: tuple[tuple[str, int, dict[str, str]], ...]
    currency: str
    rounding_minor: int

    @property
    def key(self) -> str:
        """The key under which it stands."""
        scope = "all" if self.agency_no is None else str(self.agency_no)
        return f"{self.PREFIX}/{scope}/{self.from_day}"


@dataclass(frozen=True, slots=True)
class RealNameRules(Record):
    """Key ``ruleset/realname/SCOPE/DAY`` on ``net``; SCOPE is ``all`` or an operator's number.

    Holds for what is sold on calendar day ``from_day`` or later, until a newer set of the same scope does. Where
    ``demanded``, nobody rides without a name on the lines in ``route_nos`` and on all lines of the GTFS types in
    ``route_types``; where both are empty, on every line. What is sealed under it is kept ``keep_days`` days after the ride.
    """

    PREFIX: ClassVar[str] = "ruleset/realname"
    name: str
    source: str
    from_day: int
    agency_no: int | None
    demanded: bool
    route_nos: tuple[int, ...]
    route_types: tuple[int, ...]
    keep_days: int

    @property
    def key(self) -> str:
        """The key under which it stands."""
        scope = "all" if self.agency_no is None else str(self.agency_no)
        return f"{self.PREFIX}/{scope}/{self.from_day}"


@dataclass(frozen=True, slots=True)
class SealingKey(Record):
    """Key ``sealing/PERIOD`` on ``net``: for rides of one month (``period``: 202611). Gone once the month is erased.

    ``public`` is the hub's key of that month, ``check_key`` the network's; both of the suite with number ``suite``.
    ``contexts``: the hub reads all messages of a sender (:class:`sync.kernel.seal.Sealer`), not the first alone.
    """

    PREFIX: ClassVar[str] = "sealing"
    period: int
    suite: int
    public: bytes
    check_key: bytes
    contexts: bool = False

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/{self.period}"


@dataclass(frozen=True, slots=True)
class RefundWord(Record):
    """Key ``refund/EPOCH/REQUEST`` on ``node/N``: what the hub decided on a request of that log of node N.

    When ``approved``, node N alone hands out ``refunded_minor``, once. ``note``: why, in words for people.
    """

    PREFIX: ClassVar[str] = "refund"
    approved: bool
    ticket_id: bytes
    trip_no: int
    day: int
    fee_minor: int
    refunded_minor: int
    currency: str
    note: str
    at_ms: int
