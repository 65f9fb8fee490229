-- Reference tables: written by operations only.
CREATE TABLE rest_rules (
    from_day INTEGER PRIMARY KEY,
    body     BLOB NOT NULL
);
CREATE TABLE driven_told (
    driver_no INTEGER PRIMARY KEY,
    body      BLOB NOT NULL
);
