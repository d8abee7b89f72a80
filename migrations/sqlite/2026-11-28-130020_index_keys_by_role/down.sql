DROP INDEX api_keys_by_role;
CREATE INDEX api_keys_by_role ON api_keys (role_id);
