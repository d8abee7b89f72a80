-- Which version of Latchkey migrated the database last, and the oldest version that can use it: one
-- row. Every version reads this table, so later migrations do not change it.
CREATE TABLE last_migration (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    version TEXT NOT NULL,
    usable_from TEXT NOT NULL
) STRICT;
