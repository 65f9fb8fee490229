"""What a node sold, and what it took back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

CASH = 0
# On the account of a seller (not of ours), whom the hub bills. Only the hub's own node sells so; its clerk is the seller.
ACCOUNT = 1
MOBILE = 2  # by phone, through a payment gateway
PAYMENTS = ("cash", "account", "mobile")
COUNTER = 0
KIOSK = 1
SELLER = 2
ON_BOARD = 3
CHANNELS = ("counter", "kiosk", "seller", "on_board")
# What the clerk saw before a concession was sold.
PROOFS = ("", "height", "birth_date", "soldier_card", "disability_card")
# Why money goes back. All but the first are the carrier's or the station's fault and cost the passenger nothing.
PASSENGER = 0
# By their numbers in events; a new one goes to the end.
GIVEN_BACK = (
    "passenger", "trip_cancelled", "trip_delayed", "station_error", "rebooked", "reissued", "vehicle_changed",
    "connection_missed",
)  # fmt: skip
# Nobody chooses these: another ticket of the same log took this one's place.
REBOOKED, REISSUED = 4, 5
EXCHANGED = (REBOOKED, REISSUED)
# What may be chosen, by their numbers and by their names.
CHOSEN = tuple(number for number in range(len(GIVEN_BACK)) if number not in EXCHANGED)
REASONS = tuple(GIVEN_BACK[number] for number in CHOSEN)
# Only the hub's word about the very ticket gives these.
TOLD = ("vehicle_changed", "connection_missed")


@dataclass(frozen=True, slots=True)
class TicketSold(Event):
    """One ticket, paid. Everything in the signed ticket can be made again from this and the node's key.

    ``serial`` counts this node's tickets of this log epoch from 1 without gaps. ``rider`` indexes
    :data:`sync.kernel.ticket.RIDERS`, ``payment`` PAYMENTS, ``channel`` CHANNELS, ``proof`` PROOFS. ``until_s``: seconds
    since 1970. ``seat`` 0 is free seating, :data:`sync.domains.inventory.rules.LAP` a child that takes none.
    """

    TYPE: ClassVar[int] = 10
    serial: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    price_minor: int
    currency: str
    payment: int
    clerk_no: int
    channel: int
    until_s: int
    proof: int = 0


@dataclass(frozen=True, slots=True)
class TicketRefunded(Event):
    """Money went back for a ticket of this log; its cells are this node's to sell again, as far as its grants go.

    ``fee_minor`` and ``refunded_minor`` are together what was paid. ``payment`` (the way back) indexes PAYMENTS,
    ``reason`` GIVEN_BACK; ``rule`` names the rule that gave the fee. ``clock_sure`` False: no time was checked.
    ``approver_no``: the second clerk, who gave a PIN for it; 0: none was needed.
    """

    TYPE: ClassVar[int] = 11
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    fee_minor: int
    refunded_minor: int
    currency: str
    payment: int
    reason: int
    rule: str
    clerk_no: int
    clock_sure: bool
    approver_no: int = 0


@dataclass(frozen=True, slots=True)
class BookingSold(Event):
    """Tickets ``first_serial`` and following of this log, ``count`` of them, paid together, with extras: said behind their
    sales, in the same commit. One plain ticket needs none.

    ``extras`` are (code, how many, price of all of them); ``total_minor`` is what was paid for tickets and extras.
    ``payment`` indexes PAYMENTS, ``channel`` CHANNELS.
    """

    TYPE: ClassVar[int] = 12
    first_serial: int
    count: int
    total_minor: int
    currency: str
    payment: int
    clerk_no: int
    channel: int
    extras: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class TicketRebooked(Event):
    """A ticket of this log is exchanged for another ride: said before the refund of the old one (``reason`` REBOOKED) and the
    sale of the new one, ticket ``serial`` of this log, all three in one commit.

    ``fee_minor`` is the fee of that refund, so the money is right by refund and sale alone. ``reason`` is of CHOSEN,
    ``rule`` names the rule that gave the fee. ``times``: how often this journey was rebooked, this time counted.
    """

    TYPE: ClassVar[int] = 14
    ticket_id: bytes
    serial: int
    fee_minor: int
    reason: int
    rule: str
    times: int
    clerk_no: int
    clock_sure: bool


@dataclass(frozen=True, slots=True)
class TravellerNamed(Event):
    """Whose ticket ``serial`` of this log is; written in one transaction with the sale. Nothing in it is in clear.

    ``document_type`` indexes :data:`sync.kernel.documents.DOCUMENT_TYPES`. ``check`` (8 bytes) is the same
    for the same document on the same trip. ``masked`` is for all who hold the network's key of ``period`` (a month,
    202611), ``sealed`` for the hub alone: see :mod:`sync.domains.ticketing.office.sealing`.
    """

    TYPE: ClassVar[int] = 13
    serial: int
    trip_no: int
    day: int
    document_type: int
    period: int
    check: bytes
    masked: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class TicketReissued(Event):
    """A new paper for the same ride, seat and price as a ticket of this log: said before the refund of the old one
    (``reason`` REISSUED) and the sale of the new one, ticket ``serial`` of this log, all three in one commit.

    ``cause`` indexes :data:`sync.domains.ticketing.office.reissue.CAUSES`.
    """

    TYPE: ClassVar[int] = 15
    ticket_id: bytes
    serial: int
    cause: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class TicketPrinted(Event):
    """A ticket of this log was put on paper. ``copy`` counts from 1: from 2 on the paper says that it is a copy.

    ``clerk_no`` 0: the passenger did it at a kiosk.
    """

    TYPE: ClassVar[int] = 63
    ticket_id: bytes
    copy: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class RefundAsked(Event):
    """Somebody wants money back for a ticket that this node may not take back by itself: the hub decides.

    ``request_no`` counts this log's requests from 1. ``reason`` is of CHOSEN, ``kind`` (why the node may not)
    :data:`sync.domains.ticketing.rules.ASKED`.
    """

    TYPE: ClassVar[int] = 16
    request_no: int
    ticket_id: bytes
    reason: int
    kind: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class SeatTakenBack(Event):
    """The hub has given its word that the money for a ticket of this log goes back elsewhere, so the ticket is void: its cells
    are this node's to sell again, as far as its grants go. It moves no money."""

    TYPE: ClassVar[int] = 18
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int


@dataclass(frozen=True, slots=True)
class RefundPaid(Event):
    """Money went back on the word of the hub, where the passenger had asked for it; once a request.

    ``epoch``: of the log that holds the request ``request_no``. ``payment`` (the way back) indexes PAYMENTS: cash was handed
    out, unless this log itself sold the ticket by phone. The rest is as the hub's word has it.
    """

    TYPE: ClassVar[int] = 17
    epoch: int
    request_no: int
    ticket_id: bytes
    trip_no: int
    day: int
    fee_minor: int
    paid_minor: int
    currency: str
    reason: int
    clerk_no: int
    payment: int = CASH
