CREATE TABLE members (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    super_manager INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_signed_in_at INTEGER,
    disabled_at INTEGER
) STRICT;

CREATE TABLE member_permissions (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (member_id, permission)
) STRICT;

-- Set-up, invitation and password-reset codes: only their hash, single use, with an end.
CREATE TABLE one_time_codes (
    code_hash TEXT PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    member_id TEXT REFERENCES members (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
