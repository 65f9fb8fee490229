-- State table: written by events only. Where in the log a ticket's sale stands; what was sold is read there. Hybrid time
-- never goes back, so the newer ticket never has the smaller sold_ms: a span of time is a span of serials.
CREATE TABLE ticket (
    serial  INTEGER PRIMARY KEY,
    seq     INTEGER NOT NULL,
    sold_ms INTEGER NOT NULL
);
-- Local: orders that wait for cash, and the keys under which sales were asked for
-- (the first 8 bytes of their SHA-256: keys are long, and come in no order).
CREATE TABLE sale_order (
    order_no    INTEGER PRIMARY KEY,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    from_idx    INTEGER NOT NULL,
    to_idx      INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    channel     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    serial      INTEGER,
    boot        BLOB NOT NULL,
    mono_ms     INTEGER NOT NULL
);
CREATE INDEX sale_order_state ON sale_order (state);
CREATE TABLE sale_key (
    digest INTEGER PRIMARY KEY,
    serial INTEGER NOT NULL
);
