-- State tables: written by events only. Where in the log a booking stands, and the money of its extras.
CREATE TABLE booking (
    first_serial INTEGER PRIMARY KEY,
    seq          INTEGER NOT NULL,
    sold_ms      INTEGER NOT NULL,
    clerk_no     INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    extras_minor INTEGER NOT NULL
);
CREATE INDEX booking_sold ON booking (sold_ms);
CREATE TABLE past_booking (
    epoch        INTEGER NOT NULL,
    first_serial INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    sold_ms      INTEGER NOT NULL,
    clerk_no     INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    extras_minor INTEGER NOT NULL,
    PRIMARY KEY (epoch, first_serial)
) WITHOUT ROWID;
-- Local: who rides, and what goes along, by an order of several.
CREATE TABLE order_rider (
    order_no    INTEGER NOT NULL,
    item        INTEGER NOT NULL,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    from_idx    INTEGER NOT NULL,
    to_idx      INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    rider       INTEGER NOT NULL,
    proof       INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    PRIMARY KEY (order_no, item)
) WITHOUT ROWID;
CREATE TABLE order_extra (
    order_no    INTEGER NOT NULL,
    code        TEXT NOT NULL,
    count       INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    PRIMARY KEY (order_no, code)
) WITHOUT ROWID;
