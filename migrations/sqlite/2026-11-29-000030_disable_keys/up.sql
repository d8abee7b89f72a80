-- A disabled key passes nothing until it is enabled again.
ALTER TABLE api_keys ADD COLUMN disabled_at INTEGER;
-- The member who disabled it, who is also the one who scheduled what follows.
ALTER TABLE api_keys ADD COLUMN disabled_by TEXT;
ALTER TABLE api_keys ADD COLUMN disabled_reason TEXT NOT NULL DEFAULT '';
-- When it is enabled or revoked, as `disabled_then` says. Without `disabled_then`, something was due
-- at this time and was not carried out.
ALTER TABLE api_keys ADD COLUMN disabled_until INTEGER;
ALTER TABLE api_keys ADD COLUMN disabled_then TEXT;
-- Whether a request came with it since it was disabled.
ALTER TABLE api_keys ADD COLUMN disabled_used INTEGER NOT NULL DEFAULT 0;
CREATE INDEX api_keys_disabled ON api_keys (disabled_at, id)
    WHERE disabled_at IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX api_keys_scheduled ON api_keys (disabled_until, id)
    WHERE disabled_then IS NOT NULL AND revoked_at IS NULL;
