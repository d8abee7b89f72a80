DROP TABLE activity_head;
DROP TABLE activity;
