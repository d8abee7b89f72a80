CREATE INDEX api_key_scopes_by_scope ON api_key_scopes (scope);
DROP INDEX api_key_scopes_by_scope_and_key;
