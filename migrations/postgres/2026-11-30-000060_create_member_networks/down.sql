DROP TABLE member_networks;
