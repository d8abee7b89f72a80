-- The provider of single sign-on: one row, or none while it is off.
CREATE TABLE sso_provider (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- Encrypted with a key from the secret key file.
    client_secret BLOB NOT NULL,
    scopes TEXT NOT NULL,
    groups_claim TEXT NOT NULL,
    button TEXT NOT NULL,
    new_members TEXT NOT NULL,
    passwords TEXT NOT NULL,
    sign_out_at_provider INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Which access the members of a group of the provider get.
CREATE TABLE sso_mappings (
    id TEXT PRIMARY KEY NOT NULL,
    group_name TEXT NOT NULL UNIQUE,
    super_manager INTEGER NOT NULL,
    -- The names of the permissions, separated by spaces.
    permissions TEXT NOT NULL
) STRICT;

-- The accounts at providers with which members sign in.
CREATE TABLE member_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    linked_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (issuer, subject)
) STRICT;
CREATE UNIQUE INDEX member_identities_by_member ON member_identities (member_id, issuer);

-- The members whose access the groups of the provider decide, and by which groups.
CREATE TABLE member_mapped_access (
    member_id TEXT PRIMARY KEY NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    -- The names of the groups, as JSON.
    group_names TEXT NOT NULL
) STRICT;

-- The logout tokens that were used, until they expire.
CREATE TABLE sso_logout_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sso_logout_tokens_by_end ON sso_logout_tokens (expires_at);

-- Whether the member may sign in with a password when nobody else may.
ALTER TABLE members ADD COLUMN is_break_glass INTEGER NOT NULL DEFAULT 0;
