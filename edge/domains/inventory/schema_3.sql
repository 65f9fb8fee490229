-- Reference table: written by operations only. The one node that is granted seats of a dated trip from now on.
CREATE TABLE sole_seller (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    node_no INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
-- State tables: written by events only. Legs at_idx..to_idx-1 of a seat (0: of a place) that its passenger left.
CREATE TABLE freed_cell (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    seat      INTEGER NOT NULL,
    at_idx    INTEGER NOT NULL,
    to_idx    INTEGER NOT NULL,
    frees     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX freed_cell_trip ON freed_cell (trip_no, day);
-- Rides that were refunded here: who buys one of their legs must board no later than their passenger would have.
CREATE TABLE given_back (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    seat      INTEGER NOT NULL,
    from_idx  INTEGER NOT NULL,
    to_idx    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX given_back_trip ON given_back (trip_no, day);
