CREATE INDEX api_keys_live_by_id ON api_keys (id, name_folded) WHERE revoked_at IS NULL;
DROP INDEX api_keys_live_for_search;
DROP INDEX api_keys_revoked_for_search;
