-- Reference tables: written by operations only.
CREATE TABLE duty (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    vehicle TEXT NOT NULL,
    PRIMARY KEY (trip_no, day)
) WITHOUT ROWID;
CREATE TABLE manifest (
    ticket_id BLOB PRIMARY KEY,
    trip_no   INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    from_idx  INTEGER NOT NULL,
    to_idx    INTEGER NOT NULL,
    seat      INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX manifest_trip ON manifest (trip_no, day);
-- State tables: written by events only.
CREATE TABLE boarded (
    ticket_id  BLOB PRIMARY KEY,
    trip_no    INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    from_idx   INTEGER NOT NULL,
    to_idx     INTEGER NOT NULL,
    seat       INTEGER NOT NULL,
    gate       TEXT NOT NULL,
    short_code TEXT NOT NULL,
    boarded_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX boarded_trip ON boarded (trip_no, day);
CREATE TABLE refused (
    trip_no INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, reason)
) WITHOUT ROWID;
CREATE TABLE gate_opened (
    ticket_id BLOB PRIMARY KEY,
    gate      TEXT NOT NULL
) WITHOUT ROWID;
-- Local: what devices were told, so that the same scan gets the same answer, and commands that wait to be done.
CREATE TABLE scan_answer (
    device  TEXT NOT NULL,
    bseq    INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    code    TEXT NOT NULL,
    title   TEXT NOT NULL,
    PRIMARY KEY (device, bseq, seq)
) WITHOUT ROWID;
CREATE TABLE gate_command (
    cmd_id        TEXT PRIMARY KEY,
    device        TEXT NOT NULL,
    verdict_id    TEXT NOT NULL,
    trace_id      TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    outcome       TEXT
) WITHOUT ROWID;
CREATE INDEX gate_command_open ON gate_command (expires_at_ms) WHERE outcome IS NULL;
