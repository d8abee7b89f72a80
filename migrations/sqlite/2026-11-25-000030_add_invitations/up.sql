-- Counts the changes of what the member may do.
ALTER TABLE members ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- Until when the invitation can be accepted; NULL once it was, and for who never needed one.
ALTER TABLE members ADD COLUMN invited_until INTEGER;
