-- Reference table: written by operations only. Sets of rules of the office besides those of refunds, by their kind.
CREATE TABLE office_rules (
    kind     TEXT NOT NULL,
    scope    TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (kind, scope, from_day)
) WITHOUT ROWID;
-- State table: written by events only. Which ticket (new_serial) took the place of which.
CREATE TABLE replacement (
    serial     INTEGER PRIMARY KEY,
    new_serial INTEGER NOT NULL,
    reason     INTEGER NOT NULL,
    times      INTEGER NOT NULL
);
CREATE INDEX replacement_new ON replacement (new_serial);
