-- Every name, id and address that entries have, once: a search reads these, then the entries that have
-- what it found. The database keeps the list, so that no way of adding entries can forget it.
CREATE TABLE activity_terms (
    term TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO activity_terms SELECT DISTINCT subject_name FROM activity WHERE subject_name IS NOT NULL;
INSERT OR IGNORE INTO activity_terms SELECT DISTINCT subject_id FROM activity WHERE subject_id IS NOT NULL;
INSERT OR IGNORE INTO activity_terms SELECT DISTINCT actor_name FROM activity;
INSERT OR IGNORE INTO activity_terms SELECT DISTINCT address FROM activity WHERE address IS NOT NULL;

CREATE TRIGGER activity_lists_terms AFTER INSERT ON activity BEGIN
    INSERT INTO activity_terms SELECT new.subject_name WHERE new.subject_name IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO activity_terms SELECT new.subject_id WHERE new.subject_id IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO activity_terms SELECT new.actor_name WHERE true ON CONFLICT DO NOTHING;
    INSERT INTO activity_terms SELECT new.address WHERE new.address IS NOT NULL ON CONFLICT DO NOTHING;
END;

CREATE INDEX activity_by_subject_name ON activity (subject_name, at, number);
CREATE INDEX activity_by_actor_name ON activity (actor_name, at, number);
