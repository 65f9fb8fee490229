-- Reference table: written by operations only. What the hub decided on requests for refunds.
CREATE TABLE refund_word (
    epoch      INTEGER NOT NULL,
    request_no INTEGER NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (epoch, request_no)
) WITHOUT ROWID;
-- State table: written by events only. epoch 0: of the present log.
CREATE TABLE refund_request (
    epoch         INTEGER NOT NULL,
    request_no    INTEGER NOT NULL,
    ticket_id     BLOB NOT NULL,
    reason        INTEGER NOT NULL,
    kind          INTEGER NOT NULL,
    clerk_no      INTEGER NOT NULL,
    asked_ms      INTEGER NOT NULL,
    paid_ms       INTEGER,
    paid_minor    INTEGER,
    currency      TEXT,
    paid_clerk_no INTEGER,
    PRIMARY KEY (epoch, request_no)
) WITHOUT ROWID;
-- Local: the keys under which refunds were asked for (the first 8 bytes of their SHA-256).
CREATE TABLE request_key (
    digest     INTEGER PRIMARY KEY,
    request_no INTEGER NOT NULL
);
