-- Counts the changes, so that of two people who change the settings none undoes the other's.
ALTER TABLE settings ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- One row, or none where no email is sent.
CREATE TABLE mail_server (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    security TEXT NOT NULL,
    username TEXT NOT NULL,
    -- Encrypted under a key from the secret key file.
    password BYTEA,
    sender TEXT NOT NULL
);
