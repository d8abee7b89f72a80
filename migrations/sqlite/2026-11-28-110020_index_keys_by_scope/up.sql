-- With the key, so that those who selected a scope are found without a row of each selection.
CREATE INDEX api_key_scopes_by_scope_and_key ON api_key_scopes (scope, key_id);
DROP INDEX api_key_scopes_by_scope;
