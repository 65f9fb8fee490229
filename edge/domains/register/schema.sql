-- Reference tables: written by operations only. ``body``: the record as it came.
CREATE TABLE register_fact (
    kind   TEXT NOT NULL,
    number INTEGER NOT NULL,
    mark   TEXT NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (kind, number)
) WITHOUT ROWID;
CREATE INDEX register_fact_mark ON register_fact (kind, mark);
CREATE TABLE void_card (
    card_no  INTEGER PRIMARY KEY,
    block    INTEGER NOT NULL,
    reason   INTEGER NOT NULL,
    from_day INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX void_card_block ON void_card (block);
