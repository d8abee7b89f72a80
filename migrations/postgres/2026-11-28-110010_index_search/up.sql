-- Everything that a search for part of a name compares, for any view, role and environment: so that one
-- index is read from end to end, and no row.
CREATE INDEX api_keys_live_for_search ON api_keys
    (id, name_folded, role_id, environment, expires_at, attention_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_revoked_for_search ON api_keys
    (id, name_folded, role_id, environment) WHERE revoked_at IS NOT NULL;
DROP INDEX api_keys_live_by_id;
