CREATE TABLE api_keys (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    environment TEXT NOT NULL,
    role_id TEXT NOT NULL REFERENCES roles (id),
    all_role_scopes BOOLEAN NOT NULL,
    notes TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    edited_at BIGINT,
    expires_at BIGINT NOT NULL,
    secret_created_at BIGINT NOT NULL,
    -- 0: never used. Not NULL, so that it can stand in a keyset.
    last_used_at BIGINT NOT NULL,
    last_used_address TEXT,
    -- When the key starts to need attention; worked out anew with every write of the row.
    attention_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoked_by TEXT
);

-- Names are unique among keys that are not revoked, whatever their case.
CREATE UNIQUE INDEX api_keys_live_by_name_folded ON api_keys (name_folded) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_live_by_attention_at ON api_keys (attention_at, expires_at, id) WHERE revoked_at IS NULL;
-- Further columns answer a search, or say whether a key belongs to a view, without its row.
CREATE INDEX api_keys_live_by_id ON api_keys (id, name_folded) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_by_role ON api_keys (role_id);
CREATE INDEX api_keys_live_by_created_at ON api_keys (created_at, id, attention_at, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_live_by_last_used_at ON api_keys (last_used_at, id, attention_at, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_live_by_expires_at ON api_keys (expires_at, id, attention_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_revoked_by_created_at ON api_keys (created_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_revoked_by_name_folded ON api_keys (name_folded, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_revoked_by_last_used_at ON api_keys (last_used_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_revoked_by_expires_at ON api_keys (expires_at, id) WHERE revoked_at IS NOT NULL;

CREATE TABLE api_key_scopes (
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name),
    PRIMARY KEY (key_id, scope)
);

CREATE INDEX api_key_scopes_by_scope ON api_key_scopes (scope);

CREATE TABLE api_key_addresses (
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (key_id, position)
);

-- A secret key is kept as HMAC-SHA-256(pepper, whole secret): found by it, never read back from it.
CREATE TABLE api_key_secrets (
    digest BYTEA PRIMARY KEY NOT NULL,
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    pepper_version INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Set when another secret takes over: this one works until then.
    superseded_at BIGINT
);

CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);
