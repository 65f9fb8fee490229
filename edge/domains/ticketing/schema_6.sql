-- State table: written by events only. How often a ticket was put on paper; an id names its log, so it outlives that.
CREATE TABLE printed (
    ticket_id BLOB PRIMARY KEY,
    copies    INTEGER NOT NULL
) WITHOUT ROWID;
