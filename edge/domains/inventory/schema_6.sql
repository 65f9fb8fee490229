-- Reference table: written by operations only. By how many fewer children on laps than a tenth of its seats this node may sell.
CREATE TABLE grant_lap (
    trip_no  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    leg      INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    fewer    INTEGER NOT NULL,
    PRIMARY KEY (trip_no, day, leg, grant_id)
) WITHOUT ROWID;
