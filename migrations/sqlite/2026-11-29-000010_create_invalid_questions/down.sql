DROP TABLE invalid_questions;
