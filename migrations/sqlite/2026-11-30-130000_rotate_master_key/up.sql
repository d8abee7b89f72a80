-- The master keys that were replaced, with what is still needed of them, sealed under the current one.
CREATE TABLE former_master_keys (
    -- Counted from 1.
    generation INTEGER PRIMARY KEY NOT NULL,
    replaced_at INTEGER NOT NULL,
    -- The last entry of the activity that was recorded under it.
    last_entry INTEGER NOT NULL,
    activity_key BLOB NOT NULL,
    -- Null once digests under it are no longer accepted.
    pepper BLOB
) STRICT;

-- The generation of the master key that the newest entry is sealed under.
ALTER TABLE activity_head ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;

-- Proves that a digest under a former pepper was there when the master key was rotated.
ALTER TABLE api_key_secrets ADD COLUMN former_proof BLOB;
CREATE INDEX api_key_secrets_former ON api_key_secrets (key_id) WHERE former_proof IS NOT NULL;

-- The nodes that serve, with the fingerprints of the master keys in their secret key files.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    -- Separated by spaces.
    master_keys TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
