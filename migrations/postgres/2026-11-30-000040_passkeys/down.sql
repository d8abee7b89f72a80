DROP TABLE member_passkeys;
