ALTER TABLE boarded ADD COLUMN rider INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN rider INTEGER NOT NULL DEFAULT 0;
-- State table: written by events only. Who did not come, and who got off before the end of the ride.
CREATE TABLE ticket_mark (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    from_idx  INTEGER NOT NULL,
    to_idx    INTEGER NOT NULL,
    seat      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    at_idx    INTEGER NOT NULL,
    frees     INTEGER NOT NULL,
    marked_ms INTEGER NOT NULL,
    clerk_no  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX ticket_mark_trip ON ticket_mark (trip_no, day);
-- Local: the last stop that the vehicle left, as its crew said.
CREATE TABLE left_stop (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
