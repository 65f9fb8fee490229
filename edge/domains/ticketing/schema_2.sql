-- Reference table: written by operations only.
CREATE TABLE refund_rules (
    scope    TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (scope, from_day)
) WITHOUT ROWID;
-- State table: written by events only. after_serial: the last ticket that was sold before the refund.
CREATE TABLE refund (
    serial         INTEGER PRIMARY KEY,
    after_serial   INTEGER NOT NULL,
    trip_no        INTEGER NOT NULL,
    day            INTEGER NOT NULL,
    from_idx       INTEGER NOT NULL,
    to_idx         INTEGER NOT NULL,
    seat           INTEGER NOT NULL,
    fee_minor      INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    reason         INTEGER NOT NULL,
    rule           TEXT NOT NULL,
    clerk_no       INTEGER NOT NULL,
    refunded_ms    INTEGER NOT NULL
);
CREATE INDEX refund_seat ON refund (trip_no, day, seat);
CREATE INDEX refund_made ON refund (refunded_ms);
-- Local: the keys under which refunds were asked for (the first 8 bytes of their SHA-256).
CREATE TABLE refund_key (
    digest INTEGER PRIMARY KEY,
    serial INTEGER NOT NULL
);
