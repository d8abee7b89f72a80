-- Which version of the program's folding the names below are in. Names are folded by the program: it
-- does so at its next start where this is an older one.
ALTER TABLE settings ADD COLUMN names_folded INTEGER NOT NULL DEFAULT 0;

-- What a name is sorted by. Most names are sorted by what they are compared by.
ALTER TABLE api_keys ADD COLUMN name_sort TEXT NOT NULL DEFAULT '';
UPDATE api_keys SET name_sort = name_folded;
DROP INDEX api_keys_revoked_by_name_folded;
CREATE INDEX api_keys_revoked_by_name_sort ON api_keys (name_sort, id, name_folded) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_live_by_name_sort ON api_keys (name_sort, id) WHERE revoked_at IS NULL;
DROP INDEX api_keys_live_by_role;
CREATE INDEX api_keys_live_by_role ON api_keys (role_id, name_sort) WHERE revoked_at IS NULL;

-- A review's keys are only sorted by their names.
ALTER TABLE review_items RENAME COLUMN name_folded TO name_sort;

-- Keys and members that were told apart from another by an older version, and are not any more.
CREATE TABLE names_alike (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
