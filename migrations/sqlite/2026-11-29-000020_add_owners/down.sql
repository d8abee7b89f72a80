ALTER TABLE settings DROP COLUMN sends_labels;
DROP TABLE api_key_labels;
DROP INDEX api_keys_live_by_external_id;
DROP INDEX api_keys_by_owner;
DROP INDEX api_keys_live_for_search;
CREATE INDEX api_keys_live_for_search ON api_keys
    (id, name_folded, role_id, environment, expires_at, attention_at) WHERE revoked_at IS NULL;
DROP INDEX api_keys_revoked_for_search;
CREATE INDEX api_keys_revoked_for_search ON api_keys
    (id, name_folded, role_id, environment) WHERE revoked_at IS NOT NULL;
DROP INDEX api_keys_revoked_by_name_sort;
CREATE INDEX api_keys_revoked_by_name_sort ON api_keys (name_sort, id, name_folded) WHERE revoked_at IS NOT NULL;
ALTER TABLE api_keys DROP COLUMN search_text;
ALTER TABLE api_keys DROP COLUMN external_id;
ALTER TABLE api_keys DROP COLUMN owner;
