-- State table: written by events only.
CREATE TABLE ticket (
    serial      INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    from_idx    INTEGER NOT NULL,
    to_idx      INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    rider       INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    payment     INTEGER NOT NULL,
    clerk_no    INTEGER NOT NULL,
    channel     INTEGER NOT NULL,
    until_s     INTEGER NOT NULL,
    sold_ms     INTEGER NOT NULL
);
CREATE INDEX ticket_sold ON ticket (sold_ms);
-- Local: orders that wait for cash, and the keys under which sales were asked for.
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
    key    TEXT PRIMARY KEY,
    serial INTEGER NOT NULL
) WITHOUT ROWID;
