ALTER TABLE api_key_secrets DROP COLUMN last_used_address;
ALTER TABLE api_key_secrets DROP COLUMN last_used_at;
