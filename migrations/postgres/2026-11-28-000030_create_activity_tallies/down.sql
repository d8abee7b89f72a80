DROP TABLE activity_tallies;
