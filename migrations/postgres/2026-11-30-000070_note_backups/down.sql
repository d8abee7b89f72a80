DROP TABLE restores;
DROP TABLE last_backup;
