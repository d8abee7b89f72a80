DROP INDEX api_keys_scheduled;
DROP INDEX api_keys_disabled;
ALTER TABLE api_keys DROP COLUMN disabled_used;
ALTER TABLE api_keys DROP COLUMN disabled_then;
ALTER TABLE api_keys DROP COLUMN disabled_until;
ALTER TABLE api_keys DROP COLUMN disabled_reason;
ALTER TABLE api_keys DROP COLUMN disabled_by;
ALTER TABLE api_keys DROP COLUMN disabled_at;
