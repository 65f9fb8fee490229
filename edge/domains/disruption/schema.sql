-- Reference table: written by operations only.
CREATE TABLE disruption (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    note    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
