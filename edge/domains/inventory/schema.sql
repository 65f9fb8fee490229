-- Reference tables: written by operations only. Masks that do not fit an integer are blobs.
CREATE TABLE seat_grant (
    grant_id      INTEGER PRIMARY KEY,
    trip_no       INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    sell_until_ms INTEGER NOT NULL
);
CREATE INDEX seat_grant_until ON seat_grant (sell_until_ms);
CREATE TABLE grant_seat (
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    mask     NOT NULL,
    PRIMARY KEY (trip_no, day, seat, grant_id)
) WITHOUT ROWID;
CREATE TABLE grant_place (
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    leg      INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    places   INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, leg, grant_id)
) WITHOUT ROWID;
CREATE TABLE recall (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
-- State tables: written by events only.
CREATE TABLE returned_seat (
    grant_id INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    mask     NOT NULL,
    PRIMARY KEY (grant_id, seat)
) WITHOUT ROWID;
CREATE TABLE returned_place (
    grant_id INTEGER NOT NULL,
    leg      INTEGER NOT NULL,
    places   INTEGER NOT NULL,
    PRIMARY KEY (grant_id, leg)
) WITHOUT ROWID;
CREATE TABLE sold_seat (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    seat    INTEGER NOT NULL,
    mask    NOT NULL,
    PRIMARY KEY (trip_no, day, seat)
) WITHOUT ROWID;
CREATE TABLE sold_place (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    leg     INTEGER NOT NULL,
    places  INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, leg)
) WITHOUT ROWID;
-- Local: which recalls were answered.
CREATE TABLE recall_done (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
-- Local: grants whose selling time is over and whose rest went back.
CREATE TABLE grant_closed (
    grant_id INTEGER PRIMARY KEY
);
-- Local: seats held while somebody pays. Not a promise: see inventory/service.py.
CREATE TABLE seat_hold (
    hold_id  INTEGER PRIMARY KEY,
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    from_idx INTEGER NOT NULL,
    to_idx   INTEGER NOT NULL,
    boot     BLOB NOT NULL,
    mono_ms  INTEGER NOT NULL
);
CREATE INDEX seat_hold_trip ON seat_hold (trip_no, day);
