-- The passkeys of members. The public key is JSON with everything that checking a signature needs. A
-- passkey works only at the host of the public URL for which it was made.
CREATE TABLE member_passkeys (
    id TEXT PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    credential_id TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    sign_count INTEGER NOT NULL,
    backed_up INTEGER NOT NULL,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE INDEX member_passkeys_by_member ON member_passkeys (member_id);
CREATE INDEX member_passkeys_by_host ON member_passkeys (host);
