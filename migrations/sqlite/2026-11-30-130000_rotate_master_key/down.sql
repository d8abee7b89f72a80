DROP TABLE nodes;
DROP INDEX api_key_secrets_former;
ALTER TABLE api_key_secrets DROP COLUMN former_proof;
ALTER TABLE activity_head DROP COLUMN generation;
DROP TABLE former_master_keys;
