-- When the member set up the first of their second factors; empty without one.
ALTER TABLE members ADD COLUMN two_step_since BIGINT;
-- How often the member's second factors were changed.
ALTER TABLE members ADD COLUMN two_step_version BIGINT NOT NULL DEFAULT 0;
-- The secret of a member's authenticator app, encrypted, and the last time step that was accepted.
CREATE TABLE member_totp (
    member_id TEXT NOT NULL PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    secret BYTEA NOT NULL,
    last_step BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL
);
CREATE TABLE member_recovery_codes (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    code_hash TEXT COLLATE "C" NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (member_id, code_hash)
);
-- When a member last proved who they are, from which network, and how often they failed since then.
ALTER TABLE sessions ADD COLUMN confirmed_at BIGINT;
ALTER TABLE sessions ADD COLUMN confirmed_network TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN failed_confirmations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN confirm_minutes INTEGER NOT NULL DEFAULT 10;
ALTER TABLE settings ADD COLUMN two_step TEXT COLLATE "C" NOT NULL DEFAULT 'optional';
ALTER TABLE settings ADD COLUMN two_step_from BIGINT;
