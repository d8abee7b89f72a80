-- SQLite compares every text column byte by byte already; the name exists so that both databases have the
-- same migrations.
SELECT 1;
