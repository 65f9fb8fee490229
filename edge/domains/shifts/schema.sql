-- State table: written by events only. Where in the log a shift stands; what happened in it is read there. epoch 0: of the
-- present log. closed_seq NULL: still open, or its log ended first.
CREATE TABLE shift (
    epoch      INTEGER NOT NULL,
    shift_no   INTEGER NOT NULL,
    clerk_no   INTEGER NOT NULL,
    opened_seq INTEGER NOT NULL,
    opened_ms  INTEGER NOT NULL,
    closed_seq INTEGER,
    closed_ms  INTEGER,
    PRIMARY KEY (epoch, shift_no)
) WITHOUT ROWID;
CREATE INDEX shift_open ON shift (clerk_no) WHERE epoch = 0 AND closed_seq IS NULL;
-- Reference table: written by operations only.
CREATE TABLE counter_rules (
    scope    TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (scope, from_day)
) WITHOUT ROWID;
-- Local: the keys under which cash was moved (the first 8 bytes of their SHA-256).
CREATE TABLE cash_key (
    digest INTEGER PRIMARY KEY,
    seq    INTEGER NOT NULL
);
