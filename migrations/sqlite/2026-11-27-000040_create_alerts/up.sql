-- Work that one node does at a time: who, and until when nobody else may.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;

-- How far work that goes on has got, as the number of the last entry of the activity that was told.
CREATE TABLE progress (
    name TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO progress (name, value) SELECT 'told', COALESCE(MAX(number), 0) FROM activity;

-- One for each cause; open until the cause has ended.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY NOT NULL,
    rule TEXT NOT NULL,
    cause TEXT NOT NULL,
    key_id TEXT,
    title TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- How urgent within its rule, as 14 and then 7 days before an expiry; told anew when it rises.
    level INTEGER NOT NULL,
    since INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    closed_at INTEGER,
    -- When it was last told by email.
    mailed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alerts_open_by_cause ON alerts (rule, cause) WHERE closed_at IS NULL;
CREATE INDEX alerts_by_opened_at ON alerts (opened_at, id);
CREATE INDEX alerts_by_closed_at ON alerts (closed_at, id) WHERE closed_at IS NOT NULL;

-- Rules that were turned off.
CREATE TABLE alert_rules_off (
    rule TEXT PRIMARY KEY NOT NULL
) STRICT;

-- How people are told: one row. email is 'at_once', 'daily' or 'off'.
CREATE TABLE alert_settings (
    id INTEGER PRIMARY KEY NOT NULL,
    email TEXT NOT NULL
) STRICT;
INSERT INTO alert_settings (id, email) VALUES (1, 'at_once');
