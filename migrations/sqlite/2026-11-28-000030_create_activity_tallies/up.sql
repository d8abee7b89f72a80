-- Events that can be repeated without end, such as failed sign-ins, counted by the hour outside the
-- activity's chain. Each row is one subject in one hour: a network or a member. When the hour has
-- ended, the rows become entries of the activity and are deleted.
CREATE TABLE activity_tallies (
    -- The first millisecond of the hour.
    hour INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- A network or a member's id; empty for all networks that have no row of their own.
    subject_id TEXT NOT NULL,
    subject_name TEXT NOT NULL,
    count INTEGER NOT NULL,
    -- JSON: the count by minute of the hour, and by what distinguishes the events.
    details TEXT NOT NULL,
    PRIMARY KEY (hour, kind, subject_id)
) STRICT;
