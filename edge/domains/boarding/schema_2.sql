-- Reference table: written by operations only. Tickets that the hub says are void.
CREATE TABLE void_told (
    ticket_id BLOB PRIMARY KEY,
    at_ms     INTEGER NOT NULL
) WITHOUT ROWID;
-- State table: written by events only. Refunded here (by_id is empty), or named by a newer ticket that was read here.
CREATE TABLE void_seen (
    ticket_id BLOB PRIMARY KEY,
    by_id     BLOB NOT NULL,
    at_ms     INTEGER NOT NULL
) WITHOUT ROWID;
