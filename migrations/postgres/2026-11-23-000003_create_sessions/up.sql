CREATE TABLE sessions (
    id_hash TEXT PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_ends_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_member ON sessions (member_id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- A form token that was used, and where its form led to.
CREATE TABLE spent_form_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    location TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_form_tokens_by_expiry ON spent_form_tokens (expires_at);
