DROP TABLE denials;
DROP TABLE usage_addresses;
DROP TABLE usage_hours;
DROP INDEX api_key_secrets_by_key;
ALTER TABLE api_key_secrets DROP COLUMN number;
CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);
