-- Keys and members whose text holds a secret key: stored before that was rejected.
CREATE TABLE stored_secrets (
    kind TEXT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- How far the one search for them has come: the last Key ID, and when it was complete.
CREATE TABLE stored_secret_search (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last_key_id TEXT COLLATE "C" NOT NULL,
    completed_at BIGINT
);

-- Who asked about other keys, found without looking through all scopes of all keys.
CREATE INDEX usage_scopes_introspect ON usage_scopes (day, key_id) WHERE scope = 'latchkey:introspect';
