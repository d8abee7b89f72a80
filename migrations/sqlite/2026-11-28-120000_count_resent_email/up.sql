-- How many times somebody had a message sent again. Each time makes it another message, with a
-- Message-ID of its own; a retry keeps the Message-ID, so that mail programs tell a second copy.
ALTER TABLE mail_outbox ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
