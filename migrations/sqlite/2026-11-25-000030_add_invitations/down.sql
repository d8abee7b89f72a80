DELETE FROM members WHERE invited_until IS NOT NULL;
ALTER TABLE members DROP COLUMN invited_until;
ALTER TABLE members DROP COLUMN version;
