-- Reference table: written by operations only. Tickets whose seats another box took over, which ran the trip before.
CREATE TABLE sole_left (
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    ticket_id BLOB NOT NULL,
    PRIMARY KEY (trip_no, day, ticket_id)
) WITHOUT ROWID;
