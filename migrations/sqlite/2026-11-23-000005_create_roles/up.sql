CREATE TABLE scopes (
    name TEXT PRIMARY KEY NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    description TEXT NOT NULL,
    position INTEGER NOT NULL,
    built_in INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- coverage: every, read_and_write or read follow the organisation's scopes; chosen lists its own.
CREATE TABLE roles (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    coverage TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE role_scopes (
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name),
    PRIMARY KEY (role_id, scope)
) STRICT;

CREATE INDEX role_scopes_by_scope ON role_scopes (scope);
