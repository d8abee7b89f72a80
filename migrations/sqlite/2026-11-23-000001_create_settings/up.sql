CREATE TABLE settings (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    organisation TEXT NOT NULL,
    secret_prefix TEXT NOT NULL,
    maximum_lifetime_days INTEGER NOT NULL,
    default_lifetime_days INTEGER NOT NULL,
    active_key_limit INTEGER NOT NULL,
    rotation_days_production INTEGER NOT NULL,
    rotation_days_staging INTEGER NOT NULL,
    rotation_days_development INTEGER NOT NULL,
    session_idle_minutes INTEGER NOT NULL,
    session_hours INTEGER NOT NULL,
    master_key_check TEXT NOT NULL
) STRICT;
