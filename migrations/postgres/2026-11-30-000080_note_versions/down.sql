DROP TABLE last_migration;
