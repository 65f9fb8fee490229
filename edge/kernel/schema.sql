-- The log: append-only, never updated, never deleted before the hub has it.
CREATE TABLE event_log (
    seq   INTEGER PRIMARY KEY,
    event BLOB NOT NULL
);
-- Chain hashes at every 64th event: any other is recomputed from the nearest one before it.
CREATE TABLE log_mark (
    seq  INTEGER PRIMARY KEY,
    hash BLOB NOT NULL
);
-- What the hub has acknowledged, packed: events up to last_seq, and the chain hash after that one. No event stands here
-- and in event_log; the newest event always stands there.
CREATE TABLE log_segment (
    last_seq INTEGER PRIMARY KEY,
    hash     BLOB NOT NULL,
    events   BLOB NOT NULL
);
-- The newest operation of each key, as the hub sent it (reference tables are a fold of this).
CREATE TABLE stream_operation (
    stream TEXT NOT NULL,
    key    TEXT NOT NULL,
    pos    INTEGER NOT NULL,
    body   BLOB,
    PRIMARY KEY (stream, key)
) WITHOUT ROWID;
-- Streams that stand behind the common floor.
CREATE TABLE stream_behind (
    stream TEXT PRIMARY KEY,
    pos    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE stream_digest (
    stream TEXT PRIMARY KEY,
    digest TEXT NOT NULL
) WITHOUT ROWID;
-- What this box knows of itself and of its talk with the hub.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;
-- Events that the hub put into quarantine, with its reason.
CREATE TABLE quarantined (
    seq  INTEGER PRIMARY KEY,
    code TEXT NOT NULL
);
CREATE TABLE clerk (
    clerk_no INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    roles    TEXT NOT NULL,
    pin_hash TEXT NOT NULL
);
CREATE TABLE issuer (
    kid         BLOB PRIMARY KEY,
    certificate BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE revoked_issuer (
    kid         BLOB PRIMARY KEY,
    last_serial INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL
) WITHOUT ROWID;
-- Guessing of PINs outlives a restart; row 0 counts for the whole box.
CREATE TABLE pin_guess (
    clerk_no INTEGER PRIMARY KEY,
    failed   INTEGER NOT NULL,
    lock_s   INTEGER NOT NULL,
    boot     BLOB NOT NULL,
    mono_ms  INTEGER NOT NULL
);
