DROP INDEX activity_by_subject_name;
DROP INDEX activity_by_actor_name;
DROP TRIGGER activity_lists_terms ON activity;
DROP FUNCTION activity_lists_terms();
DROP TABLE activity_terms;
