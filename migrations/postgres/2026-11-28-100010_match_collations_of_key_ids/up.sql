-- Columns that are compared with one another have the same collation: PostgreSQL enters an index at a
-- value only where the comparison has the index's collation. In a database whose locale is not C, these
-- columns had the locale's, and a look-up read whole tables. Names of a review are in the order of the
-- table of keys.
ALTER TABLE api_key_scopes ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE api_key_addresses ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE api_key_secrets ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE leaks ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE alerts ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE denials ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE review_items ALTER COLUMN key_id TYPE TEXT COLLATE "C",
    ALTER COLUMN name_folded TYPE TEXT COLLATE "C";
ALTER TABLE usage_addresses ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE usage_days ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE usage_hours ALTER COLUMN key_id TYPE TEXT COLLATE "C";
ALTER TABLE usage_scopes ALTER COLUMN key_id TYPE TEXT COLLATE "C";
