-- The counts by the day in weeks of seven days since 1970 (UTC): a period of 90 days is then read from
-- fourteen weeks and up to six days. The database itself keeps them the sum of their days.
CREATE TABLE usage_weeks (
    week INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (week, key_id, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_weeks (week, key_id, outcome, count)
SELECT day / 7, key_id, outcome, SUM(count) FROM usage_days GROUP BY day / 7, key_id, outcome;

CREATE TRIGGER usage_days_inserted AFTER INSERT ON usage_days BEGIN
    INSERT INTO usage_weeks (week, key_id, outcome, count)
    VALUES (new.day / 7, new.key_id, new.outcome, new.count)
    ON CONFLICT (week, key_id, outcome) DO UPDATE SET count = count + excluded.count;
END;

CREATE TRIGGER usage_days_updated AFTER UPDATE OF count ON usage_days BEGIN
    UPDATE usage_weeks SET count = count + new.count - old.count
    WHERE week = new.day / 7 AND key_id = new.key_id AND outcome = new.outcome;
END;

CREATE TRIGGER usage_days_deleted AFTER DELETE ON usage_days BEGIN
    UPDATE usage_weeks SET count = count - old.count
    WHERE week = old.day / 7 AND key_id = old.key_id AND outcome = old.outcome;
END;
