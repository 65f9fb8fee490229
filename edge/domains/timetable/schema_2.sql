-- Reference table: written by operations only.
CREATE TABLE IF NOT EXISTS transfer (
    transfer_no INTEGER PRIMARY KEY,
    body        BLOB NOT NULL
);
