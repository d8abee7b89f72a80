CREATE TABLE activity (
    number BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT NOT NULL,
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    subject_kind TEXT,
    subject_id TEXT,
    subject_name TEXT,
    details TEXT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE INDEX activity_by_event ON activity (event, number);
CREATE INDEX activity_by_actor ON activity (actor_id, number);
CREATE INDEX activity_by_subject ON activity (subject_id, number);
CREATE INDEX activity_by_time ON activity (at, number);

-- The newest entry, sealed with the activity key, so that cutting off the end of the table shows.
CREATE TABLE activity_head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    seal BYTEA NOT NULL
);
