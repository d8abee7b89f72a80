ALTER TABLE settings DROP COLUMN review_days;
DROP TABLE review_items;
DROP TABLE reviews;
