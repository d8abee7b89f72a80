DROP TABLE names_alike;
ALTER TABLE review_items RENAME COLUMN name_sort TO name_folded;
DROP INDEX api_keys_live_by_role;
CREATE INDEX api_keys_live_by_role ON api_keys (role_id, name_folded) WHERE revoked_at IS NULL;
DROP INDEX api_keys_live_by_name_sort;
DROP INDEX api_keys_revoked_by_name_sort;
CREATE INDEX api_keys_revoked_by_name_folded ON api_keys (name_folded, id) WHERE revoked_at IS NOT NULL;
ALTER TABLE api_keys DROP COLUMN name_sort;
ALTER TABLE settings DROP COLUMN names_folded;
