DROP TABLE alert_settings;
DROP TABLE alert_rules_off;
DROP TABLE alerts;
DROP TABLE progress;
DROP TABLE leases;
