DROP INDEX activity_by_address;
DROP INDEX activity_by_subject;
DROP INDEX activity_by_nobody;
DROP INDEX activity_by_actor;
DROP INDEX activity_by_event;
CREATE INDEX activity_by_event ON activity (event, number);
CREATE INDEX activity_by_actor ON activity (actor_id, number);
CREATE INDEX activity_by_subject ON activity (subject_id, number);
