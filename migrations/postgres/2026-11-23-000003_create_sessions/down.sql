DROP TABLE spent_form_tokens;
DROP TABLE sessions;
