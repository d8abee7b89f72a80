-- Which of its key's secrets this is: 1 is the first, every rotation adds one.
ALTER TABLE api_key_secrets ADD COLUMN number BIGINT NOT NULL DEFAULT 1;
DROP INDEX api_key_secrets_by_key;
CREATE UNIQUE INDEX api_key_secrets_by_key ON api_key_secrets (key_id, number);

-- How often a secret was presented: by the hour (hours since 1970, UTC) and by outcome ('pass', or
-- the code of the refusal). Nothing of usage refers to another table: a count must not fail.
CREATE TABLE usage_hours (
    key_id TEXT NOT NULL,
    secret BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (key_id, secret, hour, outcome)
);

-- Where a key was used from: the addresses seen last, a bounded number for each key.
CREATE TABLE usage_addresses (
    key_id TEXT NOT NULL,
    address TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (key_id, address)
);

-- Requests that were refused, a bounded number of them. A row stands for `count` requests that
-- were alike, itself among them. Without a key it bore no genuine secret.
CREATE TABLE denials (
    request_id TEXT PRIMARY KEY NOT NULL,
    key_id TEXT,
    secret BIGINT,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT,
    request_line TEXT NOT NULL,
    at BIGINT NOT NULL,
    count BIGINT NOT NULL
);

CREATE INDEX denials_by_key ON denials (key_id, at);
CREATE INDEX denials_by_time ON denials (at);
