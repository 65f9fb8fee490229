-- State table: written by events only.
CREATE TABLE rating (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    level     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX rating_trip ON rating (trip_no, day);
