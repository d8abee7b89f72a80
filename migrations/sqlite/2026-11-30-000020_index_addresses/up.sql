-- Which keys were used from an address, and which list it.
CREATE INDEX usage_addresses_by_address ON usage_addresses (address, key_id);
CREATE INDEX api_key_addresses_by_address ON api_key_addresses (address, key_id);
