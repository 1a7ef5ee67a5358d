-- What is searched: made from the events, and made again from them when it is missing.
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

-- Where each text of `words` stands.
CREATE TABLE said (id INTEGER PRIMARY KEY, session BLOB NOT NULL, seq INTEGER NOT NULL, UNIQUE (session, seq)) STRICT;

-- How far each session is in it.
CREATE TABLE indexed (session BLOB NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
