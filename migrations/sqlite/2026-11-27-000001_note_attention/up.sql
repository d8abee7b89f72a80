-- Since when something asks for attention that the key's own row does not tell, as refusals or a
-- creator who left; found out once a minute, and after each write.
ALTER TABLE api_keys ADD COLUMN noted_at INTEGER;
-- When somebody last looked at what asked for attention, and kept the key as it is.
ALTER TABLE api_keys ADD COLUMN reviewed_at INTEGER;
CREATE INDEX api_keys_noted ON api_keys (noted_at, id) WHERE noted_at IS NOT NULL;
CREATE INDEX api_keys_live_by_creator ON api_keys (created_by, id) WHERE revoked_at IS NULL;
CREATE INDEX api_key_secrets_superseded ON api_key_secrets (superseded_at, key_id) WHERE superseded_at IS NOT NULL;
CREATE INDEX usage_days_refused ON usage_days (day, key_id, outcome, count) WHERE outcome <> 'pass';
