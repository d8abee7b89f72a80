-- A disabled key passes nothing until it is enabled again.
ALTER TABLE api_keys ADD COLUMN disabled_at BIGINT;
-- The member who disabled it, who is also the one who scheduled what follows.
ALTER TABLE api_keys ADD COLUMN disabled_by TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN disabled_reason TEXT COLLATE "C" NOT NULL DEFAULT '';
-- When it is enabled or revoked, as `disabled_then` says. Without `disabled_then`, something was due
-- at this time and was not carried out.
ALTER TABLE api_keys ADD COLUMN disabled_until BIGINT;
ALTER TABLE api_keys ADD COLUMN disabled_then TEXT COLLATE "C";
-- Whether a request came with it since it was disabled.
ALTER TABLE api_keys ADD COLUMN disabled_used BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX api_keys_disabled ON api_keys (disabled_at, id)
    WHERE disabled_at IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX api_keys_scheduled ON api_keys (disabled_until, id)
    WHERE disabled_then IS NOT NULL AND revoked_at IS NULL;
