-- Reference tables: written by operations only.
CREATE TABLE agency (
    agency_no INTEGER PRIMARY KEY,
    body      BLOB NOT NULL
);
CREATE TABLE stop (
    stop_no   INTEGER PRIMARY KEY,
    parent_no INTEGER,
    body      BLOB NOT NULL
);
CREATE INDEX stop_parent ON stop (parent_no) WHERE parent_no IS NOT NULL;
CREATE TABLE route (
    route_no INTEGER PRIMARY KEY,
    body     BLOB NOT NULL
);
CREATE TABLE service (
    service_no INTEGER PRIMARY KEY,
    body       BLOB NOT NULL
);
CREATE TABLE seat_plan (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE pattern (
    pattern_no INTEGER PRIMARY KEY,
    route_no   INTEGER NOT NULL,
    body       BLOB NOT NULL
);
CREATE TABLE pattern_stop (
    stop_no    INTEGER NOT NULL,
    pattern_no INTEGER NOT NULL,
    idx        INTEGER NOT NULL,
    PRIMARY KEY (stop_no, pattern_no, idx)
) WITHOUT ROWID;
CREATE TABLE trip (
    trip_no    INTEGER PRIMARY KEY,
    pattern_no INTEGER NOT NULL,
    start_s    INTEGER NOT NULL,
    body       BLOB NOT NULL
);
CREATE INDEX trip_pattern ON trip (pattern_no, start_s);
