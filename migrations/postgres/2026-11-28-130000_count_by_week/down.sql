DROP TRIGGER usage_days_inserted ON usage_days;
DROP TRIGGER usage_days_updated ON usage_days;
DROP TRIGGER usage_days_deleted ON usage_days;
DROP FUNCTION usage_weeks_follow();
DROP TABLE usage_weeks;
