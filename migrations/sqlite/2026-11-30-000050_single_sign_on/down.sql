ALTER TABLE members DROP COLUMN is_break_glass;
DROP TABLE sso_logout_tokens;
DROP TABLE member_mapped_access;
DROP TABLE member_identities;
DROP TABLE sso_mappings;
DROP TABLE sso_provider;
