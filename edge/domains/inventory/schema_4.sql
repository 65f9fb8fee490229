-- State tables: written by events only. What another box handed over with a trip; the number stands in the place of a grant's.
CREATE TABLE taken_grant (
    grant_id      INTEGER PRIMARY KEY,
    trip_no       INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    sell_until_ms INTEGER NOT NULL
);
CREATE TABLE taken_seat (
    grant_id INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    mask     NOT NULL,
    PRIMARY KEY (grant_id, seat)
) WITHOUT ROWID;
CREATE TABLE taken_place (
    grant_id INTEGER NOT NULL,
    leg      INTEGER NOT NULL,
    places   INTEGER NOT NULL,
    PRIMARY KEY (grant_id, leg)
) WITHOUT ROWID;
