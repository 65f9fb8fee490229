-- Reference tables: written by operations only.
CREATE TABLE public_score (
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE TABLE rating_answer (
    pos       INTEGER PRIMARY KEY,
    agency_no INTEGER NOT NULL,
    body      BLOB NOT NULL
);
