-- A look at every key that was active at a moment, and what was decided of each.
CREATE TABLE reviews (
    id TEXT PRIMARY KEY NOT NULL,
    started_at BIGINT NOT NULL,
    -- A member's id, and the name at the time.
    started_by TEXT,
    starter TEXT NOT NULL,
    -- Keys are listed some hundred at a time: the last one so far. NULL: all are.
    listed_to TEXT,
    total BIGINT NOT NULL,
    decided BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    ender TEXT,
    -- Whether it was given up.
    cancelled BOOLEAN NOT NULL
);

CREATE INDEX reviews_by_start ON reviews (started_at, id);

-- What a key was like at the start, and what was decided of it.
CREATE TABLE review_items (
    review_id TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    environment TEXT NOT NULL,
    role TEXT NOT NULL,
    -- How many scopes it had.
    scopes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- 0: never used.
    last_used_at BIGINT NOT NULL,
    decision TEXT,
    note TEXT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    decider TEXT,
    PRIMARY KEY (review_id, key_id)
);

CREATE INDEX review_items_by_name ON review_items (review_id, name_folded, key_id);
CREATE INDEX review_items_undecided ON review_items (review_id, name_folded, key_id) WHERE decision IS NULL;
CREATE INDEX review_items_decided ON review_items (review_id, decision, name_folded, key_id) WHERE decision IS NOT NULL;

-- After how many days a review is due; 0: never.
ALTER TABLE settings ADD COLUMN review_days INTEGER NOT NULL DEFAULT 90;
