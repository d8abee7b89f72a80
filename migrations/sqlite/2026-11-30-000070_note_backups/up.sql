-- When the newest backup was completed: one row, or none before the first one.
CREATE TABLE last_backup (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    made_at INTEGER NOT NULL
) STRICT;

-- Each restore of a backup. It is open until somebody has compared the keys with what happened after
-- the backup was made.
CREATE TABLE restores (
    id TEXT PRIMARY KEY NOT NULL,
    restored_at INTEGER NOT NULL,
    backup_made_at INTEGER NOT NULL,
    -- The newest entry of the activity in the backup.
    newest_number INTEGER NOT NULL,
    newest_hash TEXT NOT NULL,
    closed_at INTEGER
) STRICT;
