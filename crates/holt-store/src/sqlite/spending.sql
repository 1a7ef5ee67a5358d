-- What each session has spent on each day, and on whose account (an empty key is nobody's). It stays when the session goes.
CREATE TABLE spending (
    key         BLOB    NOT NULL,
    day         INTEGER NOT NULL,
    session     BLOB    NOT NULL,
    steps       INTEGER NOT NULL,
    tokens      INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    millis      INTEGER NOT NULL,
    unpriced    INTEGER NOT NULL,
    PRIMARY KEY (key, day, session)
) STRICT, WITHOUT ROWID;
