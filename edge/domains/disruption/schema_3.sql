-- Reference table: written by operations only. Trips that end before their last stop.
CREATE TABLE short_turn (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
