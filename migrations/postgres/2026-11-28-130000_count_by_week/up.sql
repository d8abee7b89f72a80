-- The counts by the day in weeks of seven days since 1970 (UTC): a period of 90 days is then read from
-- fourteen weeks and up to six days. The database itself keeps them the sum of their days.
CREATE TABLE usage_weeks (
    week BIGINT NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (week, key_id, outcome)
);

INSERT INTO usage_weeks (week, key_id, outcome, count)
SELECT day / 7, key_id, outcome, CAST(SUM(count) AS BIGINT) FROM usage_days GROUP BY day / 7, key_id, outcome;

-- Rows are written in one order, so that two nodes never wait for each other.
CREATE FUNCTION usage_weeks_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO usage_weeks (week, key_id, outcome, count)
            SELECT day / 7, key_id, outcome, CAST(SUM(count) AS BIGINT) FROM added
            GROUP BY day / 7, key_id, outcome ORDER BY day / 7, key_id, outcome
            ON CONFLICT (week, key_id, outcome) DO UPDATE SET count = usage_weeks.count + excluded.count;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO usage_weeks (week, key_id, outcome, count)
            SELECT day / 7, key_id, outcome, CAST(SUM(count) AS BIGINT)
            FROM (SELECT * FROM added UNION ALL SELECT day, key_id, outcome, -count FROM removed) AS changed
            GROUP BY day / 7, key_id, outcome ORDER BY day / 7, key_id, outcome
            ON CONFLICT (week, key_id, outcome) DO UPDATE SET count = usage_weeks.count + excluded.count;
    ELSE
        UPDATE usage_weeks SET count = usage_weeks.count - gone.count
            FROM (SELECT day / 7 AS week, key_id, outcome, CAST(SUM(count) AS BIGINT) AS count FROM removed
                GROUP BY day / 7, key_id, outcome) AS gone
            WHERE usage_weeks.week = gone.week AND usage_weeks.key_id = gone.key_id
                AND usage_weeks.outcome = gone.outcome;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER usage_days_inserted AFTER INSERT ON usage_days REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION usage_weeks_follow();
CREATE TRIGGER usage_days_updated AFTER UPDATE ON usage_days
    REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION usage_weeks_follow();
CREATE TRIGGER usage_days_deleted AFTER DELETE ON usage_days REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION usage_weeks_follow();
