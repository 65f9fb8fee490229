-- Reference tables: written by operations only. How gates take tickets that are bound to a phone.
CREATE TABLE gate_rules (
    from_day INTEGER PRIMARY KEY,
    body     BLOB NOT NULL
) WITHOUT ROWID;
-- Tickets that belong to a phone since they were sold.
CREATE TABLE bound_told (
    ticket_id BLOB PRIMARY KEY
) WITHOUT ROWID;
