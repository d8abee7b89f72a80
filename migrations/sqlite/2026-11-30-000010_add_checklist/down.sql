ALTER TABLE settings DROP COLUMN checklist_closed;
