-- Also answers which keys of a role are revoked, and which have all of its scopes: there may be a million
-- of the role and none of these.
DROP INDEX api_keys_by_role;
CREATE INDEX api_keys_by_role ON api_keys (role_id, revoked_at, all_role_scopes);
