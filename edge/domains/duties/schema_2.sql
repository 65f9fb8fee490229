-- Reference table: written by operations only. Trips that other boxes handed over to this one, as the hub passes them on.
CREATE TABLE handover_told (
    number INTEGER PRIMARY KEY,
    signed BLOB NOT NULL
);
