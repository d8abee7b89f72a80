-- The provider of single sign-on: one row, or none while it is off.
CREATE TABLE sso_provider (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    issuer TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    -- Encrypted with a key from the secret key file.
    client_secret BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    groups_claim TEXT COLLATE "C" NOT NULL,
    button TEXT COLLATE "C" NOT NULL,
    new_members TEXT COLLATE "C" NOT NULL,
    passwords TEXT COLLATE "C" NOT NULL,
    sign_out_at_provider BOOLEAN NOT NULL,
    version BIGINT NOT NULL
);

-- Which access the members of a group of the provider get.
CREATE TABLE sso_mappings (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    group_name TEXT COLLATE "C" NOT NULL UNIQUE,
    super_manager BOOLEAN NOT NULL,
    -- The names of the permissions, separated by spaces.
    permissions TEXT COLLATE "C" NOT NULL
);

-- The accounts at providers with which members sign in.
CREATE TABLE member_identities (
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    linked_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX member_identities_by_member ON member_identities (member_id, issuer);

-- The members whose access the groups of the provider decide, and by which groups.
CREATE TABLE member_mapped_access (
    member_id TEXT PRIMARY KEY NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    -- The names of the groups, as JSON.
    group_names TEXT COLLATE "C" NOT NULL
);

-- The logout tokens that were used, until they expire.
CREATE TABLE sso_logout_tokens (
    token_hash TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sso_logout_tokens_by_end ON sso_logout_tokens (expires_at);

-- Whether the member may sign in with a password when nobody else may.
ALTER TABLE members ADD COLUMN is_break_glass BOOLEAN NOT NULL DEFAULT FALSE;
