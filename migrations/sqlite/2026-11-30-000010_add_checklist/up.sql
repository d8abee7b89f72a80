-- Whether the checklist of first steps is done or dismissed. An organisation with keys needs none.
ALTER TABLE settings ADD COLUMN checklist_closed INTEGER NOT NULL DEFAULT 0;
UPDATE settings SET checklist_closed = EXISTS (SELECT 1 FROM api_keys);
