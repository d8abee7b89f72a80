ALTER TABLE api_key_scopes ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE api_key_addresses ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE api_key_secrets ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE leaks ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE alerts ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE denials ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE review_items ALTER COLUMN key_id TYPE TEXT COLLATE "default",
    ALTER COLUMN name_folded TYPE TEXT COLLATE "default";
ALTER TABLE usage_addresses ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE usage_days ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE usage_hours ALTER COLUMN key_id TYPE TEXT COLLATE "default";
ALTER TABLE usage_scopes ALTER COLUMN key_id TYPE TEXT COLLATE "default";
