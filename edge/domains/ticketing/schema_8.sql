-- Local: the keys under which orders were made (the first 8 bytes of their SHA-256).
CREATE TABLE order_key (
    digest   INTEGER PRIMARY KEY,
    order_no INTEGER NOT NULL
);
