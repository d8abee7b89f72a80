-- Every name, id and address that entries have, once: a search reads these, then the entries that have
-- what it found. The database keeps the list, so that no way of adding entries can forget it. Small letters
-- byte by byte are compared several times as fast as any case by the rules of a language.
CREATE TABLE activity_terms (
    term TEXT PRIMARY KEY NOT NULL,
    small TEXT COLLATE "C" GENERATED ALWAYS AS (lower(term)) STORED
);

INSERT INTO activity_terms (term)
    SELECT subject_name FROM activity WHERE subject_name IS NOT NULL
    UNION SELECT subject_id FROM activity WHERE subject_id IS NOT NULL
    UNION SELECT actor_name FROM activity
    UNION SELECT address FROM activity WHERE address IS NOT NULL;

CREATE FUNCTION activity_lists_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO activity_terms (term)
        SELECT term FROM (VALUES (NEW.subject_name), (NEW.subject_id), (NEW.actor_name), (NEW.address)) AS t (term)
        WHERE term IS NOT NULL
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER activity_lists_terms AFTER INSERT ON activity
    FOR EACH ROW EXECUTE FUNCTION activity_lists_terms();

CREATE INDEX activity_by_subject_name ON activity (subject_name, at, number);
CREATE INDEX activity_by_actor_name ON activity (actor_name, at, number);
