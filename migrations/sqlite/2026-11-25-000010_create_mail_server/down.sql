DROP TABLE mail_server;
ALTER TABLE settings DROP COLUMN version;
