-- Email that is to be sent, is being sent, and was sent. One cause makes one message to a recipient.
-- It is tried at next_attempt_at; without one it was sent, or given up. Who sends it moves that
-- instant ahead first.
CREATE TABLE mail_outbox (
    id TEXT PRIMARY KEY NOT NULL,
    cause TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_part TEXT NOT NULL,
    html_part TEXT,
    created_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    next_attempt_at BIGINT,
    sent_at BIGINT,
    given_up_at BIGINT,
    -- Why the last try failed, in words.
    last_error TEXT NOT NULL,
    UNIQUE (cause, recipient)
);

CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX mail_outbox_by_time ON mail_outbox (created_at, id);
