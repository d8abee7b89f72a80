DROP TABLE role_scopes;
DROP TABLE roles;
DROP TABLE scopes;
