"""At the gate: is this ticket real, is it for this trip, was it used or given back?

The last questions are answered by the log itself, in the transaction that boards: of two scans of one ticket at the
same moment, one is first. A ticket that supersedes others makes them void here, whatever else is said of it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Protocol

from edge.domains.boarding import store
from edge.domains.boarding.manifest import service as manifest
from edge.domains.boarding.manifest import store as marks
from edge.domains.duties.service import Duties
from edge.domains.inventory.service import Inventory
from edge.domains.timetable.service import Ride, Timetable, TripView
from edge.kernel import meta, qr
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.directory import Directory
from edge.kernel.fleet import Issue
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.boarding import rules
from sync.domains.boarding.events import BoardedApart, BoardingRefused, MarkUndone, TicketBoarded, TicketSuperseded
from sync.domains.boarding.operations import GateRules
from sync.domains.disruption.operations import Reseated
from sync.domains.disruption.rules import CANCELLED
from sync.domains.duties.rules import RUNNING
from sync.domains.ticketing.rules import valid_until_s
from sync.kernel import ticket
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ticket import Claims, Opened, TicketId

_GATE_NAME = 40
# Kind and number of a document as it was shown.
ShownNumber = tuple[str, str]


class Documents(Protocol):
    """What the gate asks of whoever knows the check values of documents."""

    def named_claims(self, code: str) -> Claims:
        """Claims of a ticket that was sold by name. Raises :class:`Refusal`: ``ticket_form``, ``ticket_unnamed``."""

    def holds_number(self, claims: Claims, document_type: str, number: str) -> bool:
        """Whether a ticket was sold to that document. Raises :class:`Refusal` where that can be none, or nobody can say."""


@dataclass(frozen=True)
class Verdict:
    """What the gate shows. ``right``: the ride that the ticket is for, when the refusal is about that.

    ``seat_label``: where its passenger sits; ``old_seat_label``: what its code says, where that is another.
    ``first_ms``: when the ticket was used first, or since when it is void; ``newer``: the ticket that took its place.
    """

    colour: str
    reason: str | None
    notes: tuple[str, ...] = ()
    number: str | None = None
    ticket_id: bytes = b""
    seat_label: str = ""
    from_names: dict[str, str] | None = None
    to_names: dict[str, str] | None = None
    first_ms: int | None = None
    first_gate: str = ""
    right: Ride | None = None
    newer: str | None = None
    old_seat_label: str = ""


class Boarding:
    """The boarding domain of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        directory: Directory,
        timetable: Timetable,
        inventory: Inventory,
        documents: Documents,
        duties: Duties,
    ) -> None:
        self._database, self._scribe, self._keeper, self._directory = database, scribe, keeper, directory
        self._timetable, self._inventory, self._documents, self._duties = timetable, inventory, documents, duties

    def check(
        self, code: str, trip_no: int, day: int, gate: str, clerk_no: int, stop_idx: int | None = None,
        document: ShownNumber | None = None,
    ) -> Verdict:  # fmt: skip
        """Decide on a scanned code for the trip that ``gate`` boards; an acceptance is durable when this returns.

        ``document`` is what the passenger showed with it. Raises :class:`Refusal` as :class:`Documents` does.
        """
        judged, claims = self.judge(code, trip_no, day, stop_idx, document)
        return self._scribe.record(lambda unit: self.record(unit, judged, claims, (trip_no, day), gate, clerk_no, code))

    def judge(
        self, code: str, trip_no: int, day: int, stop_idx: int | None, document: ShownNumber | None = None
    ) -> tuple[Verdict, Claims | None]:
        """What can be said of a code without the log: signature, issuer, trip, date, stop, time, whose it is."""
        identity = meta.known_identity(self._database)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        try:
            opened, issuer = ticket.verify(code, self._directory.issuer, identity.hub_key)
        except Malformed as error:
            return Verdict(rules.RED, rules.UNREAD.get(error.code, rules.DAMAGED)), None
        claims, sure = opened.claims, self._keeper.sure()
        disruption, late = self._timetable.told(trip_no, day)
        now_s = self._keeper.wall_ms() // 1000 - late * 60  # a ticket is good so much longer
        gate = rules.Gate(trip_no, day, stop_idx, now_s, sure)
        reason = rules.refusal(claims, gate, self._directory.revoked_after(opened.kid))
        if reason is None and disruption == CANCELLED:
            reason = rules.TRIP_CANCELLED
        notes: tuple[str, ...] = () if sure else (rules.CLOCK_UNSURE,)
        if rules.beyond_certificate(claims, issuer):
            notes = (*notes, "certificate_past")
        if reason is None:
            reason, more = self._whose(opened, sure, document)
            notes += more
        found = Verdict(
            colour=rules.RED if reason else (rules.AMBER if notes else rules.GREEN),
            reason=reason,
            notes=notes,
            number=claims.ticket_id.number,
            ticket_id=claims.ticket_id.to_bytes(),
        )
        return self._with_ride(found, claims, reason), claims

    def record(
        self,
        unit: UnitOfWork,
        judged: Verdict,
        claims: Claims | None,
        trip: tuple[int, int],
        gate: str,
        clerk_no: int,
        code: str,
    ) -> Verdict:
        """Make a verdict final inside a transaction: board, or refuse, or find that the ticket was used or given back."""
        gate = gate[:_GATE_NAME]
        if claims is not None:
            judged = self._note_superseded(unit, judged, claims)
            judged = judged if judged.reason else self._look_up(unit, judged, claims)
            judged = judged if judged.reason else self._came_late(unit, judged, claims, trip, clerk_no)
            if judged.reason is None:
                unit.append(
                    TicketBoarded(
                        judged.ticket_id, *trip, claims.from_idx, claims.to_idx, claims.seat, gate, clerk_no,
                        ticket.short_code(code), rules.CLOCK_UNSURE not in judged.notes, claims.rider,
                    )
                )  # fmt: skip
                return judged
        unit.append(BoardingRefused(judged.reason or "", judged.ticket_id, *trip, gate, clerk_no))
        if judged.reason == rules.UNKNOWN_ISSUER:
            store.saw_unknown(unit.connection, ticket.parse(code).kid)
        return judged

    def _whose(self, opened: Opened, sure: bool, document: ShownNumber | None) -> tuple[str | None, tuple[str, ...]]:
        """Is it with the phone and the document that it was sold to? The reason to refuse, and what was not checked."""
        claims, given = opened.claims, self._rules()
        notes: tuple[str, ...] = ()
        reason = rules.held_by(claims, opened.shown, given, self._keeper.wall_ms() // 1000, sure)
        if reason == rules.CODE_UNSIGNED and given.unsigned == rules.AMBER:
            reason, notes = None, (rules.CODE_UNSIGNED,)
        if reason is None and claims.document_check:
            if document is None:
                return None, (*notes, rules.DOCUMENT_UNSEEN)
            reason = None if self._documents.holds_number(claims, *document) else rules.DOCUMENT_DIFFERS
        return reason, notes

    def compare(self, code: str, document: ShownNumber, gate: str, clerk_no: int) -> bool:
        """Whether a ticket was sold to the document that is shown with it; that it was not is recorded as a refusal.

        Raises :class:`Refusal` as :class:`Documents` does.
        """
        claims = self._documents.named_claims(code)
        if self._documents.holds_number(claims, *document):
            return True
        refused = (rules.DOCUMENT_DIFFERS, claims.ticket_id.to_bytes(), claims.trip_no, claims.day)
        self._scribe.record(lambda unit: unit.append(BoardingRefused(*refused, gate[:_GATE_NAME], clerk_no)))
        return False

    def _rules(self) -> GateRules:
        """The gate rules that hold today."""
        database, day = self._database, self._timetable.today()
        return database.memory.get(
            ("gate rules", day), lambda: rules.gate_rules(store.published_rules(database.read()), day)
        )

    def let_in(self, unit: UnitOfWork, code: str, gate: str, at_ms: int) -> None:
        """Record inside a transaction that a gate which was cut off let this ticket in: that cannot be undone, so what the
        node has against it stands beside it. A code that is no ticket for this node is recorded as refused."""
        judged, claims = self._judge_own_trip(code)
        if claims is None:
            self.turned_away(unit, code, judged.reason or rules.DAMAGED, gate)
            return
        judged = self._note_superseded(unit, judged, claims)
        judged = judged if judged.reason else self._look_up(unit, judged, claims)
        ride = (claims.trip_no, claims.day, claims.from_idx, claims.to_idx, claims.seat)
        said = (gate[:_GATE_NAME], ticket.short_code(code), judged.reason or "", at_ms)
        unit.append(BoardedApart(judged.ticket_id, *ride, *said))

    def turned_away(self, unit: UnitOfWork, code: str, reason: str, gate: str) -> None:
        """Record inside a transaction that a gate which was cut off refused this code."""
        try:
            claims = ticket.parse(code).claims
            seen = (claims.ticket_id.to_bytes(), claims.trip_no, claims.day)
        except Malformed:
            seen = (b"", 0, 0)
        unit.append(BoardingRefused(reason, *seen, gate[:_GATE_NAME], 0))

    def _judge_own_trip(self, code: str) -> tuple[Verdict, Claims | None]:
        try:
            seen = ticket.parse(code).claims
        except Malformed:
            return Verdict(rules.RED, rules.DAMAGED), None
        return self.judge(code, seen.trip_no, seen.day, None)

    def issues(self, connection: sqlite3.Connection) -> list[Issue]:
        """For the status page: sellers that the gate met and that this box still has never heard of."""
        kids = store.unknown_issuers(connection)
        return [Issue("unknown_issuer", {"count": kids})] if kids else []

    def _look_up(self, unit: UnitOfWork, judged: Verdict, claims: Claims) -> Verdict:
        """What the log says of a ticket that is good otherwise."""
        first = store.boarded(unit.connection, judged.ticket_id)
        if first is not None:
            return replace(judged, colour=rules.RED, reason=rules.ALREADY_USED, first_ms=first[0], first_gate=first[1])
        void = store.void(unit.connection, judged.ticket_id)
        if void is None and not claims.holder and store.told_bound(unit.connection, judged.ticket_id):
            return replace(judged, colour=rules.RED, reason=rules.CODE_UNSIGNED)
        if void is None:
            return judged
        newer = TicketId.from_bytes(void[1]).number if void[1] else None
        reason = rules.SUPERSEDED if newer else rules.REFUNDED
        return replace(judged, colour=rules.RED, reason=reason, first_ms=void[0], newer=newer)

    def _came_late(
        self, unit: UnitOfWork, judged: Verdict, claims: Claims, trip: tuple[int, int], clerk_no: int
    ) -> Verdict:
        """Somebody who was marked absent stands here: welcome as long as nobody bought the seat, which is then theirs again."""
        marked = marks.mark(unit.connection, judged.ticket_id)
        if marked is None:
            return judged
        one = marks.Known(judged.ticket_id, claims.from_idx, claims.to_idx, claims.seat, claims.rider, None)
        try:
            manifest.refuse_sold_on(unit.connection, self._inventory, trip, one, marked)
        except Refusal:
            return replace(judged, colour=rules.RED, reason=rules.SEAT_SOLD_ON, first_ms=marked.marked_ms)
        unit.append(MarkUndone(judged.ticket_id, *trip, marked.kind, clerk_no))
        return replace(judged, colour=rules.AMBER, notes=(*judged.notes, "absent_before"))

    def _note_superseded(self, unit: UnitOfWork, judged: Verdict, claims: Claims) -> Verdict:
        """Write down which tickets are void from now on; if one of them is aboard, say that there may be two in one seat."""
        aboard = False
        for old in rules.voided_by(claims, judged.reason):
            old_id = old.to_bytes()
            if store.void(unit.connection, old_id) is None:
                unit.append(TicketSuperseded(old_id, claims.ticket_id.to_bytes()))
            aboard = aboard or store.boarded(unit.connection, old_id) is not None
        if not aboard or judged.reason is not None:
            return judged
        return replace(judged, colour=rules.AMBER, notes=(*judged.notes, "older_aboard"))

    def read_picture(self, data: bytes) -> str:
        """The code in a photograph. Raises :class:`Refusal` ``picture_…``."""
        return qr.read_picture(data)

    def boarded(self, ticket_id: TicketId, connection: sqlite3.Connection | None = None) -> tuple[int, str] | None:
        """When and where a ticket was boarded here; as a transaction sees it when its ``connection`` is given."""
        return store.boarded(connection or self._database.read(), ticket_id.to_bytes())

    def told_void(self, ticket_id: TicketId, connection: sqlite3.Connection | None = None) -> bool:
        """Whether the hub said that a ticket is void."""
        return store.told_void(connection or self._database.read(), ticket_id.to_bytes())

    def void_of(self, log: tuple[int, int], connection: sqlite3.Connection) -> list[TicketId]:
        """Tickets of a log (node_no, epoch) that the hub says are void, and of which nothing was settled here since."""
        head = TicketId(*log, 0).to_bytes()[:4]
        return [TicketId.from_bytes(one) for one in store.void_of(connection, head)]

    def boarded_ride(self, ticket_id: TicketId) -> tuple[int, int, int, int, str] | None:
        """(trip_no, day, from_idx, to_idx, short code) of a ticket that was boarded here."""
        return store.boarded_ride(self._database.read(), ticket_id.to_bytes())

    def current(self) -> tuple[int, int] | None:
        """The dated trip that this box boards now: the one that runs, else what was chosen until it is over, else the duty
        that leaves next."""
        connection, duty = self._database.read(), self._duties.current()
        if duty is not None and duty.run.phase == RUNNING:
            return duty.where
        chosen = meta.get(connection, "boarding_trip")
        if chosen is not None and not self._is_over(chosen, meta.get(connection, "boarding_day")):
            return chosen, meta.get(connection, "boarding_day")
        return duty.where if duty is not None else None

    def _is_over(self, trip_no: int, day: int) -> bool:
        """Whether no ticket of a dated trip is good any longer: yesterday's choice must not stand in today's way."""
        if not self._keeper.sure():
            return False
        try:
            until_s = valid_until_s(self._timetable.ends_ms(trip_no, day))
        except Refusal:
            return True
        return self._keeper.wall_ms() // 1000 > until_s

    def choose(self, trip_no: int, day: int, clerk_no: int) -> None:
        """From now on this box boards this dated trip. Raises :class:`Refusal` for one that does not run."""
        self._timetable.trip(trip_no, day)
        self._scribe.write(
            lambda unit: meta.put(unit.connection, boarding_trip=trip_no, boarding_day=day, boarding_clerk=clerk_no)
        )

    def duties(self) -> list[TripView]:
        """The dated trips that this box runs, from yesterday on, by departure."""
        return [one.trip for one in self._duties.today()]

    def counts(self, trip_no: int, day: int) -> tuple[int, int | None]:
        """(boarded here, expected as far as the hub has told; None when it has not)."""
        boarded, known = store.counts(self._database.read(), trip_no, day)
        return boarded, known or None

    def expected(self, trip_no: int, day: int) -> list[tuple[TicketId, tuple[int, int, int]]]:
        """Tickets of a dated trip of which the hub has told: (id, (from_idx, to_idx, seat))."""
        rows = store.expected(self._database.read(), trip_no, day)
        return [(TicketId.from_bytes(row[0]), row[1:]) for row in rows]

    def aboard(
        self, connection: sqlite3.Connection, trip_no: int, day: int
    ) -> list[tuple[bytes, int, int, int, str, int]]:
        """(ticket id, from_idx, to_idx, seat, short code, rider) of everybody who boarded a dated trip here, as a
        transaction sees it."""
        return store.aboard(connection, trip_no, day)

    def refusals(self, trip_no: int, day: int) -> dict[str, int]:
        """Reason → how often."""
        return store.refusals(self._database.read(), trip_no, day)

    def _with_ride(self, verdict: Verdict, claims: Claims, reason: str | None) -> Verdict:
        where, said = (claims.trip_no, claims.day), self._timetable.reseated(claims.ticket_id.to_bytes())
        try:
            ride = self._timetable.ride(*where, claims.from_idx, claims.to_idx)
            changed = self._timetable.vehicle_changed(*where) is not None
            label = self._inventory.label(*where, said.seat if said and said.seat else claims.seat)
            planned = self._inventory.label(claims.trip_no, None, claims.seat) if changed else label
        except Refusal:
            return verdict
        found = replace(
            verdict,
            seat_label=label,
            from_names=ride.from_stop.names,
            to_names=ride.to_stop.names,
            right=ride if reason in (rules.WRONG_TRIP, rules.WRONG_DATE, rules.WRONG_STOP) else None,
        )
        return _in_vehicle(found, said, planned)


def _in_vehicle(verdict: Verdict, said: Reseated | None, planned: str) -> Verdict:
    """The seat in the code is not the one to sit on where another vehicle runs. For whom that has none, people decide."""
    if said is None or said.placed:
        return replace(verdict, old_seat_label=planned if verdict.seat_label != planned else "")
    colour = rules.AMBER if verdict.colour == rules.GREEN else verdict.colour
    return replace(verdict, colour=colour, seat_label="", notes=(*verdict.notes, "seatless"))
