-- What gateways asked that was not understood, in requests with a genuine key; kept for a week.
CREATE TABLE invalid_questions (
    mistake TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    count BIGINT NOT NULL
);
CREATE INDEX invalid_questions_by_last_at ON invalid_questions (last_at, mistake);
