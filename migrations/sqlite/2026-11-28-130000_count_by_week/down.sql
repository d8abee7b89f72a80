DROP TRIGGER usage_days_inserted;
DROP TRIGGER usage_days_updated;
DROP TRIGGER usage_days_deleted;
DROP TABLE usage_weeks;
