DROP TABLE api_key_secrets;
DROP TABLE api_key_addresses;
DROP TABLE api_key_scopes;
DROP TABLE api_keys;
