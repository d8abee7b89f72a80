-- What gateways asked that was not understood, in requests with a genuine key; kept for a week.
CREATE TABLE invalid_questions (
    mistake TEXT PRIMARY KEY NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT;
CREATE INDEX invalid_questions_by_last_at ON invalid_questions (last_at, mistake);
