ALTER TABLE settings DROP COLUMN denials_days;
ALTER TABLE settings DROP COLUMN daily_counts_days;
ALTER TABLE settings DROP COLUMN hourly_counts_days;
DROP TABLE usage_scopes;
DROP TABLE usage_totals;
DROP TABLE usage_days;

ALTER TABLE usage_addresses RENAME TO new_usage_addresses;
CREATE TABLE usage_addresses (
    key_id TEXT NOT NULL,
    address TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (key_id, address)
);
INSERT INTO usage_addresses (key_id, address, first_seen_at, last_seen_at, count)
SELECT key_id, address, MIN(first_seen_at), MAX(last_seen_at), CAST(SUM(count) AS BIGINT) FROM new_usage_addresses GROUP BY key_id, address;
DROP TABLE new_usage_addresses;

ALTER TABLE usage_hours RENAME TO new_usage_hours;
CREATE TABLE usage_hours (
    key_id TEXT NOT NULL,
    secret BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (key_id, secret, hour, outcome)
);
INSERT INTO usage_hours (key_id, secret, hour, outcome, count)
SELECT key_id, secret, hour, outcome, count FROM new_usage_hours;
DROP TABLE new_usage_hours;
