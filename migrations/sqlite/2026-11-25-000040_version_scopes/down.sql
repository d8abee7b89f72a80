DROP INDEX api_keys_live_by_role;
ALTER TABLE scopes DROP COLUMN version;
