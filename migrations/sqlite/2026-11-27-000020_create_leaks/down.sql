DROP TABLE leak_notes;
DROP TABLE leaks;
