-- When and from where each secret of a rotated key last passed; 0: never. Of a key with one secret
-- its own row says so.
ALTER TABLE api_key_secrets ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key_secrets ADD COLUMN last_used_address TEXT;
