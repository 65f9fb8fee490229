-- Duties stood among the tables of boarding, without their drivers.
CREATE TABLE trip_duty (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    vehicle TEXT NOT NULL,
    drivers TEXT NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
INSERT INTO trip_duty (trip_no, day, vehicle, drivers) SELECT trip_no, day, vehicle, '' FROM duty;
DROP TABLE duty;
-- State table: written by events only. The words of each trip; epoch 0: of the present log.
CREATE TABLE trip_word (
    epoch   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    type    INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
CREATE INDEX trip_word_trip ON trip_word (trip_no, day);
