ALTER TABLE mail_outbox DROP COLUMN link_ends_at;
ALTER TABLE mail_outbox DROP COLUMN link_of;
ALTER TABLE mail_outbox DROP COLUMN sealed;
