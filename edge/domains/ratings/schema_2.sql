-- State tables: written by events only. rating gets the place of its event in the log, where the words are: epoch 0 is the
-- present log.
ALTER TABLE rating ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rating ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
CREATE TABLE rating_session (
    session BLOB PRIMARY KEY,
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX rating_session_trip ON rating_session (trip_no, day);
CREATE TABLE rating_follow (
    ticket_id BLOB PRIMARY KEY
) WITHOUT ROWID;
-- Reference tables: written by operations only.
CREATE TABLE rating_rules (
    from_day INTEGER PRIMARY KEY,
    body     BLOB NOT NULL
);
CREATE TABLE work_calendar (
    year INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
