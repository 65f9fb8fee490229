-- Reference table: written by operations only.
CREATE TABLE clearance_rules (
    from_day INTEGER PRIMARY KEY,
    body     BLOB NOT NULL
) WITHOUT ROWID;
-- State tables: written by events only. What was said of a departure last, and how often it was refused.
CREATE TABLE clearance (
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    cleared  INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
CREATE TABLE passenger_count (
    trip_no    INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    on_board   INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    known      INTEGER NOT NULL,
    counted_ms INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, on_board)
) WITHOUT ROWID;
