-- When the newest backup was completed: one row, or none before the first one.
CREATE TABLE last_backup (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    made_at BIGINT NOT NULL
);

-- Each restore of a backup. It is open until somebody has compared the keys with what happened after
-- the backup was made.
CREATE TABLE restores (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    restored_at BIGINT NOT NULL,
    backup_made_at BIGINT NOT NULL,
    -- The newest entry of the activity in the backup.
    newest_number BIGINT NOT NULL,
    newest_hash TEXT COLLATE "C" NOT NULL,
    closed_at BIGINT
);
