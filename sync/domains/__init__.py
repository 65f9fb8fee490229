"""The domains, and what each says: the table of contents of everything that travels."""

from __future__ import annotations

from typing import Final

from sync.domains.boarding import events as boarding
from sync.domains.clearance import events as clearance
from sync.domains.duties import events as duties
from sync.domains.inventory import events as inventory
from sync.domains.payments import events as payments
from sync.domains.ratings import events as ratings
from sync.domains.register import events as register
from sync.domains.shifts import events as shifts
from sync.domains.ticketing import events as ticketing
from sync.kernel.events import ClerkLocked, NodeStarted, Registry, TailHandedIn

DOMAINS: Final = (
    "disruption",
    "register",
    "notices",
    "timetable",
    "inventory",
    "shifts",
    "ticketing",
    "payments",
    "boarding",
    "duties",
    "clearance",
    "ratings",
)

EVENTS: Final = Registry(
    [
        NodeStarted,
        ClerkLocked,
        TailHandedIn,
        ticketing.TicketSold,
        ticketing.TicketRefunded,
        ticketing.BookingSold,
        ticketing.TravellerNamed,
        ticketing.TicketRebooked,
        ticketing.TicketReissued,
        ticketing.RefundAsked,
        ticketing.RefundPaid,
        ticketing.SeatTakenBack,
        payments.PaymentAsked,
        payments.PaymentTaken,
        payments.PaymentEnded,
        payments.RepaymentAsked,
        payments.RepaymentMade,
        inventory.SeatsAsked,
        inventory.GrantReturned,
        boarding.TicketBoarded,
        boarding.BoardingRefused,
        boarding.GateOpened,
        boarding.TicketSuperseded,
        boarding.PassengerAlighted,
        boarding.NoShowMarked,
        boarding.MarkUndone,
        boarding.BoardedApart,
        ratings.TripRated,
        ratings.SessionRated,
        ratings.RatingFollowed,
        register.CardRefused,
        clearance.DepartureRefused,
        clearance.DepartureCleared,
        clearance.ClearanceUndone,
        clearance.PassengersCounted,
        shifts.ShiftOpened,
        shifts.CashMoved,
        shifts.ShiftClosed,
        ticketing.TicketPrinted,
        duties.DutyTaken,
        duties.TripStarted,
        duties.StopReached,
        duties.StopLeft,
        duties.TripDelayed,
        duties.TripCutShort,
        duties.TripEnded,
        duties.TripWordTaken,
        duties.TripHandedOver,
        duties.TripTakenOver,
    ]
)
