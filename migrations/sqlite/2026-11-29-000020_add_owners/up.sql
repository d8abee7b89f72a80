-- Whose key it is: an API receives the owner with every request.
ALTER TABLE api_keys ADD COLUMN owner TEXT NOT NULL DEFAULT '';
-- The key's name in another system, with which programs create it only once.
ALTER TABLE api_keys ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
-- The folded name, the owner and the external id, for the search.
ALTER TABLE api_keys ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
DROP INDEX api_keys_live_for_search;
DROP INDEX api_keys_revoked_for_search;
DROP INDEX api_keys_revoked_by_name_sort;
UPDATE api_keys SET search_text = name_folded;

CREATE UNIQUE INDEX api_keys_live_by_external_id ON api_keys (external_id)
    WHERE revoked_at IS NULL AND external_id <> '';
CREATE INDEX api_keys_by_owner ON api_keys (owner, id) WHERE owner <> '';
CREATE INDEX api_keys_live_for_search ON api_keys
    (id, search_text, role_id, environment, expires_at, attention_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_revoked_for_search ON api_keys
    (id, search_text, role_id, environment) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_revoked_by_name_sort ON api_keys (name_sort, id, search_text) WHERE revoked_at IS NOT NULL;

CREATE TABLE api_key_labels (
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key_id, name)
) STRICT;
CREATE INDEX api_key_labels_by_value ON api_key_labels (name, value, key_id);

-- Whether an API receives a key's labels too.
ALTER TABLE settings ADD COLUMN sends_labels INTEGER NOT NULL DEFAULT 0;
