-- Reference tables: written by operations only. Another vehicle on a dated trip, and what it means to tickets.
CREATE TABLE vehicle_change (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
CREATE TABLE reseat (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    was       INTEGER NOT NULL,
    seat      INTEGER NOT NULL,
    placed    INTEGER NOT NULL,
    fault     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reseat_trip ON reseat (trip_no, day);
