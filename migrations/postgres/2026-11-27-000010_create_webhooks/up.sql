-- Where messages about what happens are sent to. Secrets are encrypted under a key from the secret
-- key file; the old one signs too until it ends. An endpoint that is not active is sent nothing.
CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    secret BYTEA NOT NULL,
    old_secret BYTEA,
    old_secret_ends_at BIGINT,
    -- Since when nothing has arrived, and when it last did or did not.
    failing_since BIGINT,
    last_attempt_at BIGINT,
    -- When it answered that it is gone (HTTP 410), and was paused for that.
    gone_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- The types of events that an endpoint wants.
CREATE TABLE webhook_events (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    PRIMARY KEY (endpoint_id, event)
);

-- What is sent. One cause makes one message.
CREATE TABLE webhook_messages (
    id TEXT PRIMARY KEY NOT NULL,
    cause TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX webhook_messages_by_time ON webhook_messages (created_at);

-- A message on its way to an endpoint. It is tried at next_attempt_at; without one it has arrived,
-- or was given up. Who sends it moves that instant ahead first. Tries count from the last time that
-- somebody asked for it, attempts from the first.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL REFERENCES webhook_messages (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    delivered_at BIGINT,
    given_up_at BIGINT,
    -- What became of the last attempt, in words.
    last_result TEXT NOT NULL
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_due_by_endpoint ON webhook_deliveries (endpoint_id, next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (endpoint_id, created_at, id) WHERE given_up_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_message ON webhook_deliveries (message_id);

-- Each try: when, how long it took in milliseconds, the status, why it failed, and the start of the
-- answer.
CREATE TABLE webhook_attempts (
    delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    status INTEGER,
    error TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
