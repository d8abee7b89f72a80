-- A message that holds a one-time link keeps its text only here, encrypted under a key from the secret
-- key file, until it was sent or given up. Such a message names the member whose link it is, and when
-- the link stops working.
ALTER TABLE mail_outbox ADD COLUMN sealed BLOB;
ALTER TABLE mail_outbox ADD COLUMN link_of TEXT;
ALTER TABLE mail_outbox ADD COLUMN link_ends_at INTEGER;
