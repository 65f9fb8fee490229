"""Rows of ratings. The words themselves stand in the log alone: nobody on the box reads who wrote them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge.kernel import log
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import PublicScore, RatingAnswer, RatingRules
from sync.kernel.events import Event, Stamp
from sync.kernel.workdays import WorkCalendar

REFERENCE_TABLES = ("rating_rules", "work_calendar", "public_score", "rating_answer")
STATE_TABLES = ("rating", "rating_session", "rating_follow")


def apply_rated(connection: sqlite3.Connection, seq: int, _stamp: Stamp, event: TripRated) -> None:
    """A ticket has said its word."""
    connection.execute(
        "INSERT OR IGNORE INTO rating (ticket_id, trip_no, day, level, epoch, seq) VALUES (?, ?, ?, ?, 0, ?)",
        (event.ticket_id, event.trip_no, event.day, event.level, seq),
    )


def apply_session(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: SessionRated) -> None:
    """Somebody without a ticket has said a word."""
    connection.execute(
        "INSERT OR IGNORE INTO rating_session (session, trip_no, day) VALUES (?, ?, ?)",
        (event.session, event.trip_no, event.day),
    )


def apply_followed(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: RatingFollowed) -> None:
    """A ticket has said its second word."""
    connection.execute("INSERT OR IGNORE INTO rating_follow (ticket_id) VALUES (?)", (event.ticket_id,))


APPLIERS = {TripRated: apply_rated, SessionRated: apply_session, RatingFollowed: apply_followed}


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``rating/DAY``."""
    connection.execute("DELETE FROM rating_rules WHERE from_day = ?", (int(rest[0]),))
    if body is not None:
        RatingRules.from_bytes(body)
        connection.execute("INSERT INTO rating_rules (from_day, body) VALUES (?, ?)", (int(rest[0]), body))


def keep_calendar(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``workdays/YEAR``."""
    connection.execute("DELETE FROM work_calendar WHERE year = ?", (int(rest[0]),))
    if body is not None:
        WorkCalendar.from_bytes(body)
        connection.execute("INSERT INTO work_calendar (year, body) VALUES (?, ?)", (int(rest[0]), body))


def keep_score(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``score/KIND/ID``."""
    where = (rest[0], bytes.fromhex(rest[1]).decode())
    connection.execute("DELETE FROM public_score WHERE kind = ? AND subject = ?", where)
    if body is not None:
        PublicScore.from_bytes(body)
        connection.execute("INSERT INTO public_score (kind, subject, body) VALUES (?, ?, ?)", (*where, body))


def keep_answer(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``answer/POS``."""
    connection.execute("DELETE FROM rating_answer WHERE pos = ?", (int(rest[0]),))
    if body is not None:
        row = (int(rest[0]), RatingAnswer.from_bytes(body).agency_no, body)
        connection.execute("INSERT INTO rating_answer (pos, agency_no, body) VALUES (?, ?, ?)", row)


PROJECTIONS = {"rating": keep_rules, "workdays": keep_calendar, "score": keep_score, "answer": keep_answer}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log in which these words stand ended."""
    connection.execute("UPDATE rating SET epoch = ? WHERE epoch = 0", (epoch,))


def add_places(connection: sqlite3.Connection) -> None:
    """Migration of databases from before the place of a rating in its log was kept."""
    if connection.execute("SELECT 1 FROM rating WHERE seq = 0").fetchone() is None:
        return
    logs = [(0, log.envelopes_after(connection, 0))]
    logs += [(epoch, log.past_envelopes(connection, epoch)) for epoch in log.past_epochs(connection)]
    for epoch, found in logs:
        for seq, envelope in found:
            if isinstance(envelope.event, TripRated):
                connection.execute(
                    "UPDATE rating SET epoch = ?, seq = ? WHERE ticket_id = ? AND seq = 0",
                    (epoch, seq, envelope.event.ticket_id),
                )


def published_rules(connection: sqlite3.Connection) -> list[RatingRules]:
    """All sets of rules for ratings that the hub has told of."""
    return [RatingRules.from_bytes(row[0]) for row in connection.execute("SELECT body FROM rating_rules")]


def calendars(connection: sqlite3.Connection) -> list[WorkCalendar]:
    """The calendars of working days that the hub has told of."""
    return [WorkCalendar.from_bytes(row[0]) for row in connection.execute("SELECT body FROM work_calendar")]


def score(connection: sqlite3.Connection, kind: str, subject: str) -> PublicScore | None:
    """The public score of a line, vehicle, driver or operator; None where there is none."""
    row = connection.execute("SELECT body FROM public_score WHERE kind = ? AND subject = ?", (kind, subject)).fetchone()
    return PublicScore.from_bytes(row[0]) if row else None


def answers(connection: sqlite3.Connection, agency_no: int) -> list[RatingAnswer]:
    """Ratings that an operator answered, or that were hidden, the newest first."""
    rows = connection.execute("SELECT body FROM rating_answer WHERE agency_no = ? ORDER BY pos DESC", (agency_no,))
    return [RatingAnswer.from_bytes(row[0]) for row in rows]


def level_of(connection: sqlite3.Connection, ticket_id: bytes) -> int | None:
    """What a ticket rated here; None for nothing."""
    row = connection.execute("SELECT level FROM rating WHERE ticket_id = ?", (ticket_id,)).fetchone()
    return row[0] if row else None


def followed(connection: sqlite3.Connection, ticket_id: bytes) -> bool:
    """Whether a ticket has said its second word here."""
    return connection.execute("SELECT 1 FROM rating_follow WHERE ticket_id = ?", (ticket_id,)).fetchone() is not None


def session_rated(connection: sqlite3.Connection, session: bytes) -> bool:
    """Whether a session was used to rate this trip."""
    return connection.execute("SELECT 1 FROM rating_session WHERE session = ?", (session,)).fetchone() is not None


def sessions(connection: sqlite3.Connection, trip_no: int, day: int) -> int:
    """How many rated a dated trip without a ticket."""
    query = "SELECT count(*) FROM rating_session WHERE trip_no = ? AND day = ?"
    return int(connection.execute(query, (trip_no, day)).fetchone()[0])


def summary(connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[int, int]:
    """(count, sum of levels) of a dated trip."""
    return connection.execute(
        "SELECT count(*), coalesce(sum(level), 0) FROM rating WHERE trip_no = ? AND day = ?", (trip_no, day)
    ).fetchone()


def said(connection: sqlite3.Connection, trips: Sequence[tuple[int, int]]) -> list[Event]:
    """What was said of some dated trips, as it stands in the logs."""
    places: dict[int, list[int]] = {}
    for trip_no, day in trips:
        query = "SELECT epoch, seq FROM rating WHERE trip_no = ? AND day = ? AND seq > 0"
        for epoch, seq in connection.execute(query, (trip_no, day)):
            places.setdefault(epoch, []).append(seq)
    found = [
        envelope.event
        for epoch, seqs in places.items()
        for _, envelope in log.envelopes(connection, sorted(seqs), epoch or None)
    ]
    return [event for event in found if event is not None]
