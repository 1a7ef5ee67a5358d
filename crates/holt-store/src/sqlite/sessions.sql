-- One row per session: what lists, schedulers and a fresh owner need. A view of the events, but for the epoch.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY,
    session      BLOB    NOT NULL UNIQUE,
    epoch        INTEGER NOT NULL,
    owner        TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    title_folded TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    origin       TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    unfinished   INTEGER NOT NULL,
    wake_at      INTEGER,
    state_seq    INTEGER NOT NULL,
    crc32c       INTEGER NOT NULL,
    state        TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_recent     ON sessions (updated_at, session);
CREATE INDEX sessions_of_owner   ON sessions (owner, updated_at, session);
CREATE INDEX sessions_status     ON sessions (owner, status);
CREATE INDEX sessions_unfinished ON sessions (session) WHERE unfinished = 1;
CREATE INDEX sessions_wake       ON sessions (wake_at, session) WHERE wake_at IS NOT NULL;

-- The newest events of all sessions in the order in which they came. One journal is written while the events of the other
-- are moved to the logs. Adding to one end touches a few pages, however many sessions write.
CREATE TABLE journal_0 (
    id      INTEGER PRIMARY KEY,
    session BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    crc32c  INTEGER NOT NULL
) STRICT;

CREATE TABLE journal_1 (
    id      INTEGER PRIMARY KEY,
    session BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    crc32c  INTEGER NOT NULL
) STRICT;

-- Sessions that are gone, while their logs are still being erased.
CREATE TABLE removed (session BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    owner      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    crc32c     INTEGER NOT NULL,
    record     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Written to find out whether writing works.
CREATE TABLE probe (id INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
