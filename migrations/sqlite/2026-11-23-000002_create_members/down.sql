DROP TABLE one_time_codes;
DROP TABLE member_permissions;
DROP TABLE members;
