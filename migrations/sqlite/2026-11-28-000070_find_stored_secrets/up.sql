-- Keys and members whose text holds a secret key: stored before that was rejected.
CREATE TABLE stored_secrets (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

-- How far the one search for them has come: the last Key ID, and when it was complete.
CREATE TABLE stored_secret_search (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last_key_id TEXT NOT NULL,
    completed_at INTEGER
) STRICT;

-- Who asked about other keys, found without looking through all scopes of all keys.
CREATE INDEX usage_scopes_introspect ON usage_scopes (day, key_id) WHERE scope = 'latchkey:introspect';
