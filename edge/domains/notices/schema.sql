-- Reference table: written by operations only.
CREATE TABLE notice (
    number      INTEGER PRIMARY KEY,
    operator_no INTEGER NOT NULL,
    until_day   INTEGER NOT NULL,
    body        BLOB NOT NULL
);
