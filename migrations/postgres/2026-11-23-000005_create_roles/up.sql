CREATE TABLE scopes (
    name TEXT PRIMARY KEY NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    description TEXT NOT NULL,
    position BIGINT NOT NULL,
    built_in BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- coverage: every, read_and_write or read follow the organisation's scopes; chosen lists its own.
CREATE TABLE roles (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    coverage TEXT NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE role_scopes (
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name),
    PRIMARY KEY (role_id, scope)
);

CREATE INDEX role_scopes_by_scope ON role_scopes (scope);
