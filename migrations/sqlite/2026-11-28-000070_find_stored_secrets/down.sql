DROP INDEX usage_scopes_introspect;
DROP TABLE stored_secret_search;
DROP TABLE stored_secrets;
