-- By the hour first: what is written now lies together, and so does what is old.
ALTER TABLE usage_hours RENAME TO old_usage_hours;
CREATE TABLE usage_hours (
    hour BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    secret BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (hour, key_id, secret, outcome)
);
INSERT INTO usage_hours (hour, key_id, secret, outcome, count)
SELECT hour, key_id, secret, outcome, count FROM old_usage_hours;
DROP TABLE old_usage_hours;

-- The same by the day (days since 1970, UTC) and over all secrets of a key; kept for longer.
CREATE TABLE usage_days (
    day BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (day, key_id, outcome)
);
INSERT INTO usage_days (day, key_id, outcome, count)
SELECT hour / 24, key_id, outcome, CAST(SUM(count) AS BIGINT) FROM usage_hours GROUP BY hour / 24, key_id, outcome;

-- The same of all keys together, and of requests that bore no genuine secret.
CREATE TABLE usage_totals (
    hour BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (hour, outcome)
);
INSERT INTO usage_totals (hour, outcome, count)
SELECT hour, outcome, CAST(SUM(count) AS BIGINT) FROM usage_hours GROUP BY hour, outcome;

-- Where a key was used from, by the day: the addresses seen last, a bounded number for each key.
ALTER TABLE usage_addresses RENAME TO old_usage_addresses;
CREATE TABLE usage_addresses (
    key_id TEXT NOT NULL,
    address TEXT NOT NULL,
    day BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (key_id, address, day)
);
INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count)
SELECT key_id, address, last_seen_at / 86400000, first_seen_at, last_seen_at, count
FROM old_usage_addresses;
DROP TABLE old_usage_addresses;
CREATE INDEX usage_addresses_by_day ON usage_addresses (day);

-- On which day a key's requests last asked for one of its scopes.
CREATE TABLE usage_scopes (
    key_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (key_id, scope)
);

-- For how many days what was counted is kept.
ALTER TABLE settings ADD COLUMN hourly_counts_days INTEGER NOT NULL DEFAULT 100;
ALTER TABLE settings ADD COLUMN daily_counts_days INTEGER NOT NULL DEFAULT 730;
ALTER TABLE settings ADD COLUMN denials_days INTEGER NOT NULL DEFAULT 90;
