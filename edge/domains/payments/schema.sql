-- State tables: written by events only. state: asked, taken (tickets), ended (no money), back (money, no ticket).
-- Numbers are drawn, so they hold across logs; only first_serial speaks of the present log (0: none of it).
CREATE TABLE payment (
    order_no     TEXT PRIMARY KEY,
    sale_no      INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    clerk_no     INTEGER NOT NULL,
    state        TEXT NOT NULL,
    first_serial INTEGER NOT NULL,
    asked_ms     INTEGER NOT NULL,
    changed_ms   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX payment_state ON payment (state, changed_ms);
CREATE INDEX payment_sale ON payment (sale_no);
CREATE TABLE paid_ticket (
    serial   INTEGER PRIMARY KEY,
    order_no TEXT NOT NULL
);
CREATE TABLE repayment (
    refund_no    TEXT PRIMARY KEY,
    order_no     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    cause        INTEGER NOT NULL,
    ticket_id    BLOB NOT NULL,
    asked_ms     INTEGER NOT NULL,
    made_ms      INTEGER
) WITHOUT ROWID;
CREATE INDEX repayment_open ON repayment (asked_ms) WHERE made_ms IS NULL;
CREATE INDEX repayment_ticket ON repayment (ticket_id);
CREATE INDEX repayment_order ON repayment (order_no);
-- Local: what the QR of a payment that waits says.
CREATE TABLE payment_code (
    order_no TEXT PRIMARY KEY,
    code_url TEXT NOT NULL
) WITHOUT ROWID;
