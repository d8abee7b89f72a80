-- In the order of the page, whatever it is narrowed by.
DROP INDEX activity_by_event;
DROP INDEX activity_by_actor;
DROP INDEX activity_by_subject;
CREATE INDEX activity_by_event ON activity (event, at, number);
CREATE INDEX activity_by_actor ON activity (actor_id, at, number);
CREATE INDEX activity_by_nobody ON activity (actor_kind, at, number) WHERE actor_id IS NULL;
CREATE INDEX activity_by_subject ON activity (subject_id, at, number);
CREATE INDEX activity_by_address ON activity (address, at, number);
