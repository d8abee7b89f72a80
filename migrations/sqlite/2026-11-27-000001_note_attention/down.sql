DROP INDEX usage_days_refused;
DROP INDEX api_key_secrets_superseded;
DROP INDEX api_keys_live_by_creator;
DROP INDEX api_keys_noted;
ALTER TABLE api_keys DROP COLUMN reviewed_at;
ALTER TABLE api_keys DROP COLUMN noted_at;
