-- Reference table: written by operations only. The keys of a month, for naming travellers.
CREATE TABLE sealing_key (
    period INTEGER PRIMARY KEY,
    body   BLOB NOT NULL
);
-- State tables: written by events only. Who has a ticket of a trip; the rest stands in the log, event seq. gone: the ticket
-- was given back, so the same document may buy another.
CREATE TABLE traveller (
    serial      INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    check_value BLOB NOT NULL,
    gone        INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX traveller_check ON traveller (check_value);
CREATE TABLE past_traveller (
    epoch       INTEGER NOT NULL,
    serial      INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    check_value BLOB NOT NULL,
    gone        INTEGER NOT NULL,
    PRIMARY KEY (epoch, serial)
) WITHOUT ROWID;
