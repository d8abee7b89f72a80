-- That a secret key got out: who said so, since when it may have been out, and what was done at once.
CREATE TABLE leaks (
    id TEXT PRIMARY KEY NOT NULL,
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    -- Which of the key's secrets; NULL: nobody said.
    secret BIGINT,
    reported_at BIGINT NOT NULL,
    -- A member's id, and the name at the time.
    reported_by TEXT,
    reporter TEXT NOT NULL,
    since BIGINT NOT NULL,
    found TEXT NOT NULL,
    action TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT,
    closer TEXT
);

CREATE INDEX leaks_by_key ON leaks (key_id, reported_at, id);
CREATE INDEX leaks_open ON leaks (reported_at, id) WHERE closed_at IS NULL;
CREATE INDEX leaks_closed ON leaks (reported_at, id) WHERE closed_at IS NOT NULL;

CREATE TABLE leak_notes (
    id TEXT PRIMARY KEY NOT NULL,
    leak_id TEXT NOT NULL REFERENCES leaks (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    member_id TEXT,
    author TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX leak_notes_by_leak ON leak_notes (leak_id, at, id);
