-- Counts the edits of a scope's description, so that none is lost.
ALTER TABLE scopes ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- A role's keys, by name, without those that were revoked.
CREATE INDEX api_keys_live_by_role ON api_keys (role_id, name_folded) WHERE revoked_at IS NULL;
