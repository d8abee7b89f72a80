-- When the member set up the first of their second factors; empty without one.
ALTER TABLE members ADD COLUMN two_step_since INTEGER;
-- How often the member's second factors were changed.
ALTER TABLE members ADD COLUMN two_step_version INTEGER NOT NULL DEFAULT 0;
-- The secret of a member's authenticator app, encrypted, and the last time step that was accepted.
CREATE TABLE member_totp (
    member_id TEXT NOT NULL PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    secret BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE member_recovery_codes (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (member_id, code_hash)
) STRICT;
-- When a member last proved who they are, from which network, and how often they failed since then.
ALTER TABLE sessions ADD COLUMN confirmed_at INTEGER;
ALTER TABLE sessions ADD COLUMN confirmed_network TEXT;
ALTER TABLE sessions ADD COLUMN failed_confirmations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN confirm_minutes INTEGER NOT NULL DEFAULT 10;
ALTER TABLE settings ADD COLUMN two_step TEXT NOT NULL DEFAULT 'optional';
ALTER TABLE settings ADD COLUMN two_step_from INTEGER;
