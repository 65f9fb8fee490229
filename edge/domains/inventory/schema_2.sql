-- State table: written by events only. Children on laps take neither a seat nor a place.
CREATE TABLE sold_lap (
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    leg      INTEGER NOT NULL,
    children INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, leg)
) WITHOUT ROWID;
-- Local: an order holds a seat for each of its riders. What stood in the older table was no promise to anybody.
DROP TABLE seat_hold;
CREATE TABLE seat_hold (
    hold_id  INTEGER NOT NULL,
    item     INTEGER NOT NULL,
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    from_idx INTEGER NOT NULL,
    to_idx   INTEGER NOT NULL,
    boot     BLOB NOT NULL,
    mono_ms  INTEGER NOT NULL,
    PRIMARY KEY (hold_id, item)
) WITHOUT ROWID;
CREATE INDEX seat_hold_trip ON seat_hold (trip_no, day);
