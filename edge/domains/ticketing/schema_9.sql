-- State table: written by events only. Seats of tickets that the hub has paid out elsewhere, on sale here again.
CREATE TABLE taken_back (
    serial       INTEGER PRIMARY KEY,
    after_serial INTEGER NOT NULL,
    trip_no      INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    from_idx     INTEGER NOT NULL,
    to_idx       INTEGER NOT NULL,
    seat         INTEGER NOT NULL
);
CREATE INDEX taken_back_seat ON taken_back (trip_no, day, seat);
